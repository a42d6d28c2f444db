// SPDX-License-Identifier: GPL-2.0-only
/*
 * info.c - profbuf info: the module, this user's rights, and what would keep a profile from working
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cmd.h"
#include "json.h"
#include "options.h"
#include "symbols/kallsyms.h"

enum severity { PROBLEM, WARNING, HINT };

static const char *const kind_names[] = { "problem", "warning", "hint" };

/* Something that was found out, and what to do about it. */
struct finding {
	enum severity kind;
	const char *name;	/* an identifier for programs that read the output */
	char what[256];
	char remedy[512];
};

struct info {
	bool json;
	bool loaded;		/* /sys has its device */
	bool open;
	struct utsname uts;
	struct profbuf_info module;
	uint32_t sources;	/* sources that a session can really have */
	uint64_t sessions;
	uint64_t tagged_lost;	/* tags that were not inherited, since the module was loaded */
	uint64_t max_overhead;	/* percent of each CPU; 0: not known */
	int kernel_symbols;
	struct finding findings[16];
	unsigned int n;
};

static struct finding *find(struct info *in, enum severity kind, const char *name, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
static void remedy(struct finding *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

static struct finding *find(struct info *in, enum severity kind, const char *name, const char *format, ...)
{
	struct finding *f = &in->findings[in->n++];
	va_list args;

	f->kind = kind;
	f->name = name;
	va_start(args, format);
	vsnprintf(f->what, sizeof(f->what), format, args);
	va_end(args);
	return f;
}

static void remedy(struct finding *f, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(f->remedy, sizeof(f->remedy), format, args);
	va_end(args);
}

static bool problems(const struct info *in)
{
	for (unsigned int i = 0; i < in->n; i++) {
		if (in->findings[i].kind == PROBLEM)
			return true;
	}
	return false;
}

/* Reads the beginning of a small file; returns false if there is no such file. */
static bool read_text(const char *path, char *text, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, text, room - 1);
	close(fd);
	if (n < 0)
		return false;
	text[n] = 0;
	text[strcspn(text, "\n")] = 0;
	return true;
}

static bool read_value(const char *path, uint64_t *value)
{
	char text[32];

	if (!read_text(path, text, sizeof(text)))
		return false;
	*value = strtoull(text, NULL, 10);
	return true;
}

/* The module is not there */

/* Does the kernel take only modules with a signature that it knows? */
static bool wants_signatures(const char *lockdown)
{
	static const char variable[] =
		"/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";
	unsigned char secure_boot[5] = { 0 };
	char enforce[8];
	ssize_t n = 0;
	int fd;

	if (strstr(lockdown, "[integrity]") || strstr(lockdown, "[confidentiality]"))
		return true;
	if (read_text("/sys/module/module/parameters/sig_enforce", enforce, sizeof(enforce)) && *enforce == 'Y')
		return true;
	/* The file begins with four bytes of attributes; the value follows. */
	fd = open(variable, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, secure_boot, sizeof(secure_boot));
		close(fd);
	}
	return n == sizeof(secure_boot) && secure_boot[4] == 1;
}

/* Would modprobe find the module? */
static bool is_installed(const struct info *in)
{
	char path[128], *line = NULL;
	bool found = false;
	size_t room = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/lib/modules/%s/modules.dep", in->uts.release);
	f = fopen(path, "re");
	if (!f)
		return false;
	while (!found && getline(&line, &room, f) > 0) {
		line[strcspn(line, ":")] = 0;
		found = strstr(line, "/profbuf.ko");
	}
	free(line);
	fclose(f);
	return found;
}

/* Whether DKMS has put a module that does not load in place of one that did not compile (module/stub.c), and why. */
static bool is_unserved(char *reason, int room)
{
	FILE *modinfo = popen("PATH=/usr/sbin:/sbin:$PATH; exec modinfo -F unserved profbuf 2>/dev/null", "re");
	bool is = modinfo && fgets(reason, room, modinfo);

	if (modinfo)
		pclose(modinfo);
	if (is)
		reason[strcspn(reason, "\n")] = 0;
	return is;
}

static void explain_missing_module(struct info *in, const char *lockdown)
{
	char headers[128], reason[200];
	struct finding *f;

	if (in->loaded) {
		f = find(in, PROBLEM, "device", "the module is loaded, but there is no " PROFBUF_DEVICE " here");
		remedy(f, "in a container: give it the device (docker run --device " PROFBUF_DEVICE
		       "); elsewhere: sudo udevadm trigger /sys/class/misc/profbuf");
		return;
	}
	if (is_installed(in) && is_unserved(reason, sizeof(reason))) {
		f = find(in, PROBLEM, "kernel", "the module does not serve this kernel: %s", reason);
		remedy(f, "boot another kernel, or install a version of profbuf that serves this one");
	} else if (is_installed(in)) {
		f = find(in, PROBLEM, "module", "the module is not loaded");
		remedy(f, "sudo modprobe profbuf");
	} else {
		f = find(in, PROBLEM, "module", "the module is neither loaded nor installed for this kernel, %s",
			 in->uts.release);
		snprintf(headers, sizeof(headers), "/lib/modules/%s/build", in->uts.release);
		remedy(f, "%s%s%sin the sources of profbuf: make && sudo make install && sudo modprobe profbuf"
		       " (or sudo make dkms: also for kernels to come)",
		       access(headers, F_OK) ? "sudo apt-get install linux-headers-" : "",
		       access(headers, F_OK) ? in->uts.release : "", access(headers, F_OK) ? "; then " : "");
	}
	if (wants_signatures(lockdown)) {
		f = find(in, WARNING, "signature", "this kernel takes signed modules only (Secure Boot or lockdown)");
		remedy(f, "build it with DKMS, which signs it, and make its key known:"
		       " sudo mokutil --import /var/lib/dkms/mok.pub, then boot");
	}
}

/* The device does not open */

static void explain_permission(struct info *in)
{
	const struct group *group;
	struct finding *f;
	struct stat st;

	if (stat(PROFBUF_DEVICE, &st)) {
		f = find(in, PROBLEM, "permission", PROFBUF_DEVICE ": %s", strerror(errno));
		remedy(f, "run as root");
		return;
	}
	f = find(in, PROBLEM, "permission", "this user may not open " PROFBUF_DEVICE " (mode %04o, uid %u, gid %u)",
		 st.st_mode & 07777, st.st_uid, st.st_gid);
	group = getgrgid(st.st_gid);
	if ((st.st_mode & 0060) == 0060 && st.st_gid)
		remedy(f, "sudo usermod -a -G %s %s, and log in again; or run as root",
		       group ? group->gr_name : "GROUP", getenv("USER") ? getenv("USER") : "USER");
	else
		remedy(f, "run as root; or give a group the device: sudo groupadd profile; echo 'KERNEL==\"profbuf\","
		       " GROUP=\"profile\", MODE=\"0660\"' | sudo tee /etc/udev/rules.d/60-profbuf.rules;"
		       " sudo udevadm control --reload; sudo udevadm trigger /sys/class/misc/profbuf");
}

static void explain_open(struct info *in, int err, const char *lockdown)
{
	struct finding *f;

	switch (err) {
	case -ENOENT:
		explain_missing_module(in, lockdown);
		break;
	case -EACCES:
	case -EPERM:
		explain_permission(in);
		break;
	case -EPROTO:
		f = find(in, PROBLEM, "abi", "the module has another ABI than this program, which has %u",
			 PROFBUF_ABI_VERSION);
		remedy(f, "install both from the same version, then sudo rmmod profbuf && sudo modprobe profbuf");
		break;
	default:
		find(in, PROBLEM, "device", PROFBUF_DEVICE ": %s", strerror(-err));
	}
}

/* The device is open */

/* Tries the configuration of a profile of the whole system; sampling does not start. */
static void try_config(struct info *in, struct profbuf_session *session)
{
	struct profbuf_config config = { .size = sizeof(config) };
	struct finding *f;
	unsigned int i;
	int err;

	err = profbuf_session_get_config(session, &config);
	if (!err)
		err = profbuf_session_configure(session, &config);
	if (err == -EDQUOT) {
		f = find(in, PROBLEM, "memory", "rings of %u KiB for each CPU are more than the module allows",
			 config.ring_bytes >> 10);
		remedy(f, "record with --buffer 64, or allow more, in MiB:"
		       " echo 1024 | sudo tee /sys/module/profbuf/parameters/max_memory_mb");
	} else if (err) {
		find(in, PROBLEM, "config", "the module refuses its own defaults: %s", strerror(-err));
	}
	for (i = 0; !err && i < PROFBUF_NR_SOURCES; i++) {
		config.source = i;
		config.period = 0;
		if (in->module.sources >> i & 1 && !profbuf_session_configure(session, &config))
			in->sources |= 1U << i;
	}
}

static void check_rights(struct info *in, const char *lockdown)
{
	struct finding *f;

	if (!(in->module.rights & PROFBUF_RIGHT_TASKS)) {
		f = find(in, PROBLEM, "rights",
			 "without CAP_PERFMON a profile has user code of this user's processes only");
		remedy(f, "run as root; or let all who may open the device see everything:"
		       " sudo setcap cap_perfmon,cap_syslog=ep PATH/profbuf. In a container CAP_PERFMON has to be the"
		       " machine's: no user namespace");
	} else if (!(in->module.rights & PROFBUF_RIGHT_KERNEL)) {
		f = find(in, PROBLEM, "lockdown", "kernel lockdown (%s) forbids samples of the kernel", lockdown);
		remedy(f, "profile user code (record --no-kernel), or boot without lockdown=confidentiality");
	}
}

/*
 * Of perf's settings only perf_event_paranoid matters, and only here: it helps decide who sees the addresses in
 * /proc/kallsyms. It does not apply to the module's perf counters, because they belong to the kernel.
 */
static void check_kernel_symbols(struct info *in)
{
	struct profbuf_kallsyms *kallsyms;
	uint64_t restricted = 0;
	struct finding *f;

	in->kernel_symbols = profbuf_kallsyms_load(&kallsyms, "/proc/kallsyms");
	if (!in->kernel_symbols) {
		profbuf_kallsyms_free(kallsyms);
		return;
	}
	f = find(in, WARNING, "kernel_symbols", "functions of the kernel will have no names: /proc/kallsyms %s",
		 in->kernel_symbols == -EPERM ? "hides its addresses" : strerror(-in->kernel_symbols));
	if (in->kernel_symbols != -EPERM)
		return;
	read_value("/proc/sys/kernel/kptr_restrict", &restricted);
	if (restricted > 1)
		remedy(f, "sudo sysctl kernel.kptr_restrict=1, and record as root");
	else
		remedy(f, "record as root or with CAP_SYSLOG; or, for everyone:"
		       " sudo sysctl kernel.kptr_restrict=0 kernel.perf_event_paranoid=1");
}

static void check_tags(struct info *in)
{
	struct finding *f;

	if (!in->tagged_lost)
		return;
	f = find(in, WARNING, "tagged_lost", "since the module was loaded %" PRIu64
		 " processes and threads have not inherited their tag from outside", in->tagged_lost);
	remedy(f, "tag fewer processes at a time, or those that create many others not at all (profbuf tag -d PID)");
}

static void give_hints(struct info *in)
{
	struct finding *f;

	f = find(in, HINT, "frame_pointers", "callers in user code are found by frame pointers");
	remedy(f, "build what you profile with -fno-omit-frame-pointer; Debian's libraries are built without");
	if (!getenv("DEBUGINFOD_URLS")) {
		f = find(in, HINT, "debuginfod",
			 "DEBUGINFOD_URLS is not set: stripped files have the names they export");
		remedy(f, "export DEBUGINFOD_URLS=https://debuginfod.debian.net, or install their -dbgsym packages");
	}
	f = find(in, HINT, "jit", "code that a program makes at run time has names if it writes /tmp/perf-PID.map");
	remedy(f, "node --perf-basic-prof; python3.12 -X perf; java: jcmd PID Compiler.perfmap");
}

static void look(struct info *in)
{
	char lockdown[64] = "none";
	struct profbuf_session *session;
	int err;

	uname(&in->uts);
	in->loaded = !access("/sys/class/misc/profbuf", F_OK);
	read_value("/sys/class/misc/profbuf/sessions", &in->sessions);
	read_value("/sys/class/misc/profbuf/tagged_lost", &in->tagged_lost);
	read_value("/sys/module/profbuf/parameters/max_overhead_percent", &in->max_overhead);
	read_text("/sys/kernel/security/lockdown", lockdown, sizeof(lockdown));
	err = profbuf_session_open(&session);
	if (err) {
		explain_open(in, err, lockdown);
	} else {
		in->open = true;
		in->module.size = sizeof(in->module);
		err = profbuf_session_info(session, &in->module);
		if (err)
			find(in, PROBLEM, "device", "the module does not answer: %s", strerror(-err));
		else
			try_config(in, session);
		profbuf_session_close(session);
		check_rights(in, lockdown);
	}
	check_kernel_symbols(in);
	check_tags(in);
	give_hints(in);
}

static void print_sources(const struct info *in)
{
	const char *before = "";

	for (unsigned int i = 0; i < PROFBUF_NR_SOURCES; i++) {
		if (!(in->sources >> i & 1))
			continue;
		printf("%s%s", before, profbuf_source_name(i));
		before = ", ";
	}
}

static void print_module(const struct info *in)
{
	const struct profbuf_info *m = &in->module;

	if (!in->open) {
		printf("module          %s\n", in->loaded ? "loaded" : "not loaded");
		return;
	}
	printf("module          loaded, version %.*s, ABI %u; %" PRIu64 " sessions now\n", (int)sizeof(m->version),
	       m->version, m->abi_version, in->sessions);
	printf("rights          %s%s\n", m->rights & PROFBUF_RIGHT_TASKS ? "every process" : "own processes",
	       m->rights & PROFBUF_RIGHT_KERNEL ? ", the kernel" : ", user code only");
	printf("sources         ");
	print_sources(in);
	printf("\nrate            at most %.6g Hz (module parameter min_period_us)\n", 1e9 / m->min_period);
	if (in->max_overhead)
		printf("overhead        at most %" PRIu64 " %% of each CPU (max_overhead_percent)\n", in->max_overhead);
	printf("memory          at most %" PRIu64 " MiB for the rings of a session (max_memory_mb)\n",
	       (uint64_t)m->max_session_memory >> 20);
	printf("CPUs            %u possible\n", m->nr_cpus);
}

static void print_text(const struct info *in)
{
	printf("kernel          ");
	print_harmless(stdout, in->uts.release, SIZE_MAX);
	printf(" %s\n", in->uts.machine);
	print_module(in);
	printf("kernel symbols  %s\n", in->kernel_symbols ? "none" : "/proc/kallsyms");
	for (unsigned int i = 0; i < in->n; i++) {
		const struct finding *f = &in->findings[i];

		printf("\n%s: ", kind_names[f->kind]);
		print_harmless(stdout, f->what, SIZE_MAX);
		fputs(*f->remedy ? "\n  " : "", stdout);
		print_harmless(stdout, f->remedy, SIZE_MAX);
		putchar('\n');
	}
	printf("\nA profile of the whole system would %swork.\n", problems(in) ? "not " : "");
}

static void print_json_module(struct json *json, const struct info *in)
{
	const struct profbuf_info *m = &in->module;
	char version[sizeof(m->version) + 1];

	snprintf(version, sizeof(version), "%.*s", (int)sizeof(m->version), m->version);
	json_string(json, "version", version);
	json_unsigned(json, "abi", m->abi_version);
	json_unsigned(json, "sessions", in->sessions);
	json_bool(json, "right_tasks", m->rights & PROFBUF_RIGHT_TASKS);
	json_bool(json, "right_kernel", m->rights & PROFBUF_RIGHT_KERNEL);
	json_array_begin(json, "sources");
	for (unsigned int i = 0; i < PROFBUF_NR_SOURCES; i++) {
		if (in->sources >> i & 1)
			json_string(json, NULL, profbuf_source_name(i));
	}
	json_array_end(json);
	json_unsigned(json, "max_overhead_percent", in->max_overhead);
	json_unsigned(json, "tagged_lost", in->tagged_lost);
	json_unsigned(json, "min_period_ns", m->min_period);
	json_unsigned(json, "max_session_memory", m->max_session_memory);
	json_unsigned(json, "cpus", m->nr_cpus);
}

static void print_json(const struct info *in)
{
	struct json json = { .f = stdout };

	json_object_begin(&json, NULL);
	json_bool(&json, "works", !problems(in));
	json_bool(&json, "loaded", in->loaded);
	json_string(&json, "kernel", in->uts.release);
	if (in->open)
		print_json_module(&json, in);
	json_bool(&json, "kernel_symbols", !in->kernel_symbols);
	json_array_begin(&json, "findings");
	for (unsigned int i = 0; i < in->n; i++) {
		json_line(&json);
		json_object_begin(&json, NULL);
		json_string(&json, "kind", kind_names[in->findings[i].kind]);
		json_string(&json, "name", in->findings[i].name);
		json_string(&json, "what", in->findings[i].what);
		json_string(&json, "remedy", in->findings[i].remedy);
		json_object_end(&json);
	}
	json_array_end(&json);
	json_object_end(&json);
}

static const struct argp_option options[] = {
	OPTION("json", 'j', NULL, "as one JSON object"),
	{ 0 },
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct info *in = state->input;

	(void)arg;
	if (key != 'j')
		return ARGP_ERR_UNKNOWN;
	in->json = true;
	return 0;
}

static const struct argp argp = {
	.options = options, .parser = parse_option, .args_doc = "[options]",
	.doc = "Says what the module allows on this machine and for this user, what would keep a profile from "
	       "working, and what to do about it.\v"
	       "Exit status: 0 if a profile of the whole system would work, 2 for a wrong option, else 1.",
};

int cmd_info(int argc, char **argv)
{
	struct info in = { 0 };
	int at = parse_options(&argp, 0, argc, argv, &in);

	if (at <= 0)
		return -at;
	if (at < argc) {
		fail("info takes no file");
		return see_help();
	}
	look(&in);
	(in.json ? print_json : print_text)(&in);
	return finish_output() || problems(&in) ? EXIT_FAILED : EXIT_OK;
}
