/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * profbuf_uapi.h - the ABI of /dev/profbuf: the stream that read() returns and the ioctls
 *
 * The stream
 * ----------
 * The stream consists of 64-bit words in the byte order of the machine that made it. read() returns whole records, as
 * many as fit into the buffer. If the buffer is too small for the next record, read() fails with EINVAL and consumes
 * nothing. Every record begins with struct profbuf_record. A reader skips a record of a type that it does not know by
 * the record's length, and ignores words after the ones that it knows: records grow at their end only.
 *
 * The first record is PROFBUF_RECORD_INFO. Samples and losses of one CPU come in the order of time. Records of
 * different CPUs, and the sideband (processes, mappings, tags, markers), come in no particular order: a reader sorts
 * them by time. The stream of a session that has ended ends with one PROFBUF_RECORD_COUNTERS with
 * PROFBUF_COUNTERS_FINAL for each possible CPU; a stored stream without these records was cut short.
 *
 * For each CPU the counters add up exactly:
 *
 *	ticks = delivered + lost + skipped[0] + ... + skipped[PROFBUF_NR_SKIPS - 1] + missed
 *
 * When the whole stream has been read, `delivered` is the number of PROFBUF_RECORD_SAMPLE of that CPU in the stream,
 * and `lost` is the sum of the counts in its PROFBUF_RECORD_LOST.
 */
#ifndef PROFBUF_UAPI_H
#define PROFBUF_UAPI_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define PROFBUF_ABI_VERSION	1
#define PROFBUF_MAGIC		0x00667562666f7270ULL	/* "profbuf\0" on a little-endian machine */
#define PROFBUF_DEVICE		"/dev/profbuf"

/* Bounds of records, for readers that size buffers. */
#define PROFBUF_STACK_MAX	127	/* frames of one kind (kernel or user) in one sample */
#define PROFBUF_RECORD_MAX	8192	/* bytes; no record is longer */
#define PROFBUF_MARKER_MAX	4096	/* bytes of one write() */
#define PROFBUF_CPU_NONE	0xffff	/* the record belongs to no CPU */

enum profbuf_record_type {
	PROFBUF_RECORD_LOST	= 0,	/* struct profbuf_lost */
	PROFBUF_RECORD_SAMPLE	= 1,	/* struct profbuf_sample */
	PROFBUF_RECORD_INFO	= 2,	/* struct profbuf_stream_info */
	PROFBUF_RECORD_COUNTERS	= 3,	/* struct profbuf_record_counters */
	PROFBUF_RECORD_PROCESS	= 4,	/* struct profbuf_process */
	PROFBUF_RECORD_MAPPING	= 5,	/* struct profbuf_mapping */
	PROFBUF_RECORD_MARKER	= 6,	/* struct profbuf_marker */
	PROFBUF_RECORD_SIDEBAND_LOST = 7, /* struct profbuf_sideband_lost */
	PROFBUF_RECORD_THREAD	= 8,	/* struct profbuf_thread */
	PROFBUF_RECORD_TAG	= 9,	/* struct profbuf_tag */
	PROFBUF_RECORD_EXEC	= 10,	/* struct profbuf_life */
	PROFBUF_RECORD_EXIT	= 11,	/* struct profbuf_life */
	PROFBUF_RECORD_RATE	= 12,	/* struct profbuf_rate */
	PROFBUF_RECORD_MODULE	= 13,	/* struct profbuf_module */
	PROFBUF_RECORD_TAG_LOST	= 14,	/* struct profbuf_tag_lost */
	/* 15..1023 are for later versions, 1024..2047 for tools that store their own records in a file. */
};

/* The beginning of every record: three words. */
struct profbuf_record {
	__u64	len;		/* of the whole record, in 64-bit words */
	__u64	time;		/* CLOCK_MONOTONIC, ns */
	__u16	type;		/* enum profbuf_record_type */
	__u16	cpu;		/* or PROFBUF_CPU_NONE */
	__u32	misc;		/* what it means depends on the type; 0 if the type does not use it */
};

/* Ticks that left no sample because the CPU's ring was full. `time` is the time of the first of these ticks. */
struct profbuf_lost {
	__u64	len;
	__u64	time;
	__u16	type;		/* PROFBUF_RECORD_LOST */
	__u16	cpu;
	__u32	misc;
	__u64	zero[3];
	__u64	count;
};

/* What the CPU was doing when the tick came: the low four bits of profbuf_sample.mode. */
enum profbuf_mode {
	PROFBUF_MODE_USER	= 1,
	PROFBUF_MODE_KERNEL	= 2,
	PROFBUF_MODE_IDLE	= 3,
};

#define PROFBUF_MODE_MASK	0x0f
#define PROFBUF_MODE_32BIT	0x10	/* the interrupted user code is 32-bit code */

/* Why a stack ends where it ends. */
enum profbuf_stop {
	PROFBUF_STOP_NONE	= 0,	/* the session did not ask for this stack, or the task has none */
	PROFBUF_STOP_END	= 1,	/* the outermost frame was reached */
	PROFBUF_STOP_DEPTH	= 2,	/* the configured depth was reached */
	PROFBUF_STOP_FAULT	= 3,	/* the next frame is not in memory, or not readable */
	PROFBUF_STOP_FRAME	= 4,	/* the frame pointer is not valid: unaligned, or not to an outer frame */
	PROFBUF_STOP_UNWIND	= 5,	/* the kernel's unwinder gave up */
	PROFBUF_STOP_EXEC	= 6,	/* the task was in exec: its user registers had no meaning */
};

/*
 * The sample of one tick. frames[] holds nr_kernel kernel addresses, leaf first, then nr_user user addresses, leaf
 * first. The first kernel address, if the CPU was in the kernel, is the interrupted instruction. The first user address
 * is the instruction that was interrupted, or that entered the kernel. All others are return addresses: look up
 * address - 1.
 */
struct profbuf_sample {
	__u64	len;
	__u64	time;
	__u16	type;		/* PROFBUF_RECORD_SAMPLE */
	__u16	cpu;
	__u8	mode;		/* enum profbuf_mode and PROFBUF_MODE_32BIT */
	__u8	stop;		/* enum profbuf_stop: low four bits kernel, high four bits user */
	__u8	nr_kernel;
	__u8	nr_user;
	__u64	tag;		/* whose work it was, see struct profbuf_tag; 0: no tag, or it is not known */
	__u32	pid;		/* thread group, in the opener's pid namespace; 0: idle, or not in that namespace */
	__u32	tid;		/* thread, likewise; also 0 if it was reaped and is about to end */
	__u64	stack;		/* cookie of a later stack record that continues frames[]; 0: none */
	__u64	frames[];
};

#define PROFBUF_SAMPLE_KERNEL_STOP(s)	((s)->stop & 0x0f)
#define PROFBUF_SAMPLE_USER_STOP(s)	((s)->stop >> 4)

enum profbuf_source {
	PROFBUF_SOURCE_HRTIMER		= 0,	/* a pinned hard timer on each CPU */
	PROFBUF_SOURCE_PERF_CPU_CLOCK	= 1,	/* perf's software event */
	PROFBUF_SOURCE_PERF_CYCLES	= 2,	/* perf's hardware event; an NMI on x86. Needs PROFBUF_RIGHT_TASKS */
	PROFBUF_NR_SOURCES
};

/* Describes the stream: its first record, and the only one of this type. */
struct profbuf_stream_info {
	__u64	len;
	__u64	time;		/* of the start */
	__u16	type;		/* PROFBUF_RECORD_INFO */
	__u16	cpu;		/* PROFBUF_CPU_NONE */
	__u32	misc;
	__u64	magic;		/* PROFBUF_MAGIC; if its bytes are swapped, the stream has the other byte order */
	__u32	abi_version;
	__u32	clock;		/* the clock of every `time`: clockid_t, CLOCK_MONOTONIC (1) */
	__u64	realtime_offset;/* ns: CLOCK_REALTIME = time + realtime_offset at the start */
	__u64	period;		/* as in struct profbuf_config */
	__u32	source;		/* enum profbuf_source */
	__u32	flags;		/* PROFBUF_CONFIG_* in force */
	__u32	nr_cpus;	/* possible CPUs: cpu < nr_cpus in every record that belongs to a CPU */
	__u32	nr_skips;	/* causes in struct profbuf_counters */
	__u32	kernel_depth;
	__u32	user_depth;
	__u64	kernel_anchor;	/* run-time address of the kernel's schedule(): tells boots apart; 0: no right to it */
	char	release[64];	/* of the kernel, as in uname -r, padded with zeros */
	char	machine[16];	/* as in uname -m */
};

/* Why a tick left no sample. The name before each colon is part of a file name in sysfs, too: skipped_<name>. */
enum profbuf_skip {
	PROFBUF_SKIP_NESTED	= 0,	/* nested: the tick came inside another tick of the same CPU and session */
	PROFBUF_SKIP_NO_REGS	= 1,	/* no_regs: the interrupted registers were not known */
	PROFBUF_SKIP_IDLE	= 2,	/* idle: the CPU was idle and idle samples are off */
	PROFBUF_SKIP_KERNEL	= 3,	/* kernel: the CPU was in the kernel, and kernel samples are off */
	PROFBUF_SKIP_USER	= 4,	/* user: the CPU was in user space, and user samples are off */
	PROFBUF_SKIP_FILTER	= 5,	/* filter: the task is not of the process, thread or cgroup asked for */
	PROFBUF_SKIP_RIGHTS	= 6,	/* rights: the session may not see this task */
	PROFBUF_SKIP_ENDED	= 7,	/* ended: after the CPU had max_ticks, before its source was off */
	PROFBUF_SKIP_BUDGET	= 8,	/* budget: left out because ticks took too much of the CPU */
	PROFBUF_NR_SKIPS
};

#define PROFBUF_SKIPS_MAX	16

/* The accounting of one CPU, or of all. */
struct profbuf_counters {
	__u64	ticks;		/* periods that passed while the source was on */
	__u64	delivered;	/* samples in the ring or already read */
	__u64	lost;		/* the ring was full; each is counted in a LOST record */
	__u64	missed;		/* periods in which the timer could not fire */
	__u64	skipped[PROFBUF_SKIPS_MAX];	/* by enum profbuf_skip */
};

#define PROFBUF_COUNTERS_FINAL	1	/* misc: the session has ended, these counters do not change any more */

struct profbuf_record_counters {
	__u64	len;
	__u64	time;
	__u16	type;		/* PROFBUF_RECORD_COUNTERS */
	__u16	cpu;
	__u32	misc;		/* PROFBUF_COUNTERS_FINAL or 0 */
	struct profbuf_counters counters;
};

/*
 * The rate changed on this CPU: from `time` on, one of `stride` periods has a tick, and its sample stands for all of
 * them. The other periods are counted in skipped[PROFBUF_SKIP_BUDGET]. The rate is lowered when the session's ticks
 * take more of the CPU than their part of the module's limit (parameter max_overhead_percent), and raised when they no
 * longer do. The stride is 1 at the start. Sessions with PROFBUF_RIGHT_TASKS have equal parts of the limit. If there
 * are also sessions without this right, they have half of the limit together, in equal parts for each user.
 */
struct profbuf_rate {
	__u64	len;
	__u64	time;
	__u16	type;		/* PROFBUF_RECORD_RATE */
	__u16	cpu;
	__u32	misc;
	__u64	stride;
	__u64	overhead;	/* the part of the CPU's time that ticks took before the change, in parts per million */
};

/*
 * A description: a process that a sample belongs to, and its executable mappings, as they were at `time`. It is one
 * PROFBUF_RECORD_PROCESS, followed by nr_mappings PROFBUF_RECORD_MAPPING. From `time` on, it replaces an earlier
 * description with the same pid and start_time; samples before the first description belong to the first one. A
 * description with an earlier time may come later in the stream, and may repeat what another one says.
 *
 * A process that keeps changing its mappings is described at most every 0.5 ms, or every 4 us times the number of its
 * mappings if that is longer. If an address of a sample is in none of the mappings at its time, it is in the next
 * description, provided that it was still mapped then.
 *
 * PROFBUF_PROCESS_EXITING says that the process was sampled only while it exited. Such a description has no mappings,
 * and the mappings of an earlier one stay valid. start_time is 0 if the process was gone already, and only one of its
 * threads was left, about to end.
 */
#define PROFBUF_PROCESS_32BIT	1
#define PROFBUF_PROCESS_EXITING	2

struct profbuf_process {
	__u64	len;
	__u64	time;
	__u16	type;		/* PROFBUF_RECORD_PROCESS */
	__u16	cpu;		/* PROFBUF_CPU_NONE */
	__u32	misc;		/* PROFBUF_PROCESS_ */
	__u32	pid;		/* as in the samples */
	__u32	ns_pid;		/* in the process's own, innermost pid namespace: the PID of /tmp/perf-PID.map */
	__u32	ppid;		/* in the same namespace as pid; 0: the parent is not in it */
	__u32	uid;		/* real, in the initial user namespace */
	__u64	start_time;	/* CLOCK_BOOTTIME, ns; pid and start_time identify the process */
	__u64	cgroup;		/* id: the inode number of its directory in the unified hierarchy; 0: none */
	__u64	exe_start;	/* an address in the mapping of the executable */
	__u32	nr_mappings;
	__u32	reserved;
	char	comm[16];
};

#define PROFBUF_MAPPING_ANON	1	/* misc: no file is behind it (JIT code); path has its name, or is empty */

/* One executable mapping. path is zero-terminated, padded with zeros to a whole word. */
struct profbuf_mapping {
	__u64	len;
	__u64	time;
	__u16	type;		/* PROFBUF_RECORD_MAPPING */
	__u16	cpu;		/* PROFBUF_CPU_NONE */
	__u32	misc;		/* PROFBUF_MAPPING_ANON or 0 */
	__u32	pid;
	__u32	build_id_len;	/* bytes; 0: none, or it was not in memory at that time */
	__u64	start_time;	/* of the process */
	__u64	start;
	__u64	end;
	__u64	offset;		/* in the file, bytes */
	__u64	inode;
	__u32	dev_major;
	__u32	dev_minor;
	__u8	build_id[24];
	char	path[];
};

/*
 * The code of one of the kernel's modules. There is a record for each module that was loaded at the start, after the
 * first record of the stream, if the session has kernel samples and sideband and may see kernel addresses.
 */
struct profbuf_module {
	__u64	len;
	__u64	time;
	__u16	type;		/* PROFBUF_RECORD_MODULE */
	__u16	cpu;		/* PROFBUF_CPU_NONE */
	__u32	misc;
	__u64	start;
	__u64	end;
	__u8	build_id[24];	/* 20 bytes, or zeros if the kernel does not know it */
	char	name[64];	/* padded with zeros */
};

/*
 * The name of a thread that a sample belongs to, from `time` on. There is a record when the thread is first sampled,
 * and when it is sampled with another name. comm is zero-terminated. As for processes, a record with an earlier time
 * may come later in the stream.
 */
struct profbuf_thread {
	__u64	len;
	__u64	time;
	__u16	type;		/* PROFBUF_RECORD_THREAD */
	__u16	cpu;		/* PROFBUF_CPU_NONE */
	__u32	misc;
	__u32	pid;		/* as in the samples */
	__u32	tid;
	__u64	start_time;	/* of the thread: CLOCK_BOOTTIME, ns */
	char	comm[16];
};

/*
 * A process that a sample belongs to runs another program now, or has ended. comm is the name of the new program, or of
 * the last one; it is empty if the session may not see the process any more.
 */
struct profbuf_life {
	__u64	len;
	__u64	time;
	__u16	type;		/* PROFBUF_RECORD_EXEC or PROFBUF_RECORD_EXIT */
	__u16	cpu;		/* PROFBUF_CPU_NONE */
	__u32	misc;
	__u32	pid;		/* as in the samples */
	__u32	tid;		/* the thread that executed the program, or the last one to end */
	__u64	start_time;	/* of the process, as in its PROCESS record */
	char	comm[16];
};

/*
 * Tags
 * ----
 * A label set is text: up to PROFBUF_LABELS_MAX labels one after the other, each a key and a value, both in
 * zero-terminated UTF-8; PROFBUF_LABELS_BYTES at most. The tag of a sample is a word that stands for a label set. It
 * comes from the first of these that has one:
 *
 * 1. The thread itself. A program linked with libprofbuf-tag has a thread-local pointer with the name
 *    PROFBUF_LABELS_SYMBOL. It is NULL or points to a struct profbuf_label_set, which never changes and is never freed.
 *    The tag is that pointer, if a label set was seen where it points to. A pointer to anything else is not given.
 * 2. The thread itself, by OpenTelemetry's thread context (OTEP 4947): a thread-local pointer otel_thread_ctx_v1 to a
 *    record, which does change. The tag is a hash of the record's content. As a record has no magic number, an opener
 *    that did not have CAP_SYS_PTRACE gets the thread contexts of its own processes only, and of these only the ones
 *    that descend from the opener.
 * 3. PROFBUF_IOC_TAG, from outside. The tag has PROFBUF_TAG_OUTSIDE set.
 *
 * The ELF files of a process tell where its thread-local pointers are. The kernel does not read these files: the
 * recorder tells it with PROFBUF_IOC_TAG_SOURCE, for each process.
 */
#define PROFBUF_LABELS_SYMBOL	"profbuf_thread_labels_v1"
#define PROFBUF_LABELS_MAGIC	0x316c6562616c6270ULL	/* "pblabel1" on a little-endian machine */
#define PROFBUF_LABELS_MAX	16
#define PROFBUF_LABELS_BYTES	640
#define PROFBUF_TAG_OUTSIDE	(1ULL << 63)

/* A label set in the memory of a process. */
struct profbuf_label_set {
	__u64	magic;		/* PROFBUF_LABELS_MAGIC */
	__u16	bytes;		/* of text */
	__u16	count;		/* labels */
	__u32	zero;
	char	text[];
};

enum profbuf_tag_kind {
	PROFBUF_TAG_LABELS	= 0,	/* data is a label set's text */
	/*
	 * data is a thread context record as it was in memory, with attrs-data at its end. A record does not count as
	 * a thread context if its address is odd, if it has more than PROFBUF_LABELS_BYTES of attrs-data, or if
	 * attrs-data are not attributes or have a NUL.
	 */
	PROFBUF_TAG_OTEL	= 1,
	PROFBUF_NR_TAG_KINDS
};

/* Why the meaning of a tag, or the tag itself, is not known. */
enum profbuf_tag_cause {
	PROFBUF_TAG_KNOWN	= 0,
	PROFBUF_TAG_FAULT	= 1,	/* the thread-local variable is not in memory; see also struct profbuf_tag */
	PROFBUF_TAG_BAD		= 2,	/* the variable does not point to a label set or a thread context */
	PROFBUF_TAG_BUSY	= 3,	/* too many new tags at once on that CPU */
	PROFBUF_TAG_CONTEXT	= 4,	/* an NMI came while the kernel changed from one thread to another */
	PROFBUF_TAG_RIGHTS	= 5,	/* a thread context of a process that is not the opener's own any more */
	PROFBUF_NR_TAG_CAUSES
};

/*
 * What a tag means, from `time` on, until the next record with the same pid and tag. For each pid and tag of the
 * samples there is such a record, or one without data whose cause says why the meaning is not known, or a
 * PROFBUF_RECORD_SIDEBAND_LOST counts the missing record.
 */
struct profbuf_tag {
	__u64	len;
	__u64	time;
	__u16	type;		/* PROFBUF_RECORD_TAG */
	__u16	cpu;		/* PROFBUF_CPU_NONE */
	__u32	misc;		/* enum profbuf_tag_kind */
	__u32	pid;		/* of the process; 0: a tag from outside, which any process may have */
	__u16	cause;		/* KNOWN; FAULT: labels from outside that were replaced before they could be copied */
	__u16	bytes;		/* of data, which is padded with zeros to a whole word */
	__u64	tag;
	char	data[];
};

/*
 * How many samples since the last such record have tag 0 because their thread's own tag could not be read: it is not
 * known whose work they are. All other samples with tag 0 are known to have no tag.
 */
struct profbuf_tag_lost {
	__u64	len;
	__u64	time;
	__u16	type;		/* PROFBUF_RECORD_TAG_LOST */
	__u16	cpu;		/* PROFBUF_CPU_NONE */
	__u32	misc;
	__u64	count[8];	/* by enum profbuf_tag_cause */
};

/* Text that write() put into the stream; it is zero-terminated, and padded with zeros to a whole word. */
struct profbuf_marker {
	__u64	len;
	__u64	time;
	__u16	type;		/* PROFBUF_RECORD_MARKER */
	__u16	cpu;		/* PROFBUF_CPU_NONE */
	__u32	misc;		/* bytes of text */
	__u32	pid;		/* of the process that wrote it */
	__u32	tid;
	char	text[];
};

/* Why sideband is not in the stream. */
enum profbuf_sideband_cause {
	PROFBUF_SIDEBAND_BUSY	= 0,	/* too many processes, ends of processes, or changes of the rate at once */
	PROFBUF_SIDEBAND_MEMORY	= 1,	/* no memory */
	PROFBUF_SIDEBAND_LIMIT	= 2,	/* more sideband than may wait for the reader at once */
	PROFBUF_SIDEBAND_TAGS	= 3,	/* too many new tags at once: PROFBUF_TAG_BUSY */
	PROFBUF_SIDEBAND_CHANGES = 4,	/* a process changed its mappings too fast, or for too long at a time */
	PROFBUF_NR_SIDEBAND_CAUSES
};

/* How much sideband since the last such record is not in the stream. */
struct profbuf_sideband_lost {
	__u64	len;
	__u64	time;
	__u16	type;		/* PROFBUF_RECORD_SIDEBAND_LOST */
	__u16	cpu;		/* PROFBUF_CPU_NONE */
	__u32	misc;
	__u64	count[8];	/* by enum profbuf_sideband_cause */
};

/*
 * ioctls
 * ------
 * Every struct begins with its size as the caller knows it. A struct that is longer than the kernel's is accepted if
 * the part that the kernel does not know is zero; otherwise the error is E2BIG, and the caller's size field is set to
 * the size that the kernel knows. If the struct is shorter, the rest has its defaults. After an error, nothing else has
 * changed.
 *
 * Errors of every ioctl: ENOTTY (no such ioctl), EFAULT, EINVAL (also: an impossible size). PROFBUF_IOC_COUNTERS, STOP
 * and FLUSH also return EINVAL if the session was not started, or there is no such CPU. The errors of the other ioctls
 * are described at their structs.
 *
 * Errors of open(): ENOMEM. Errors of read(): EINVAL (less room than the next record needs), EFAULT, EAGAIN
 * (O_NONBLOCK, and there is nothing to read), EINTR, EIO (a ring was written over); if this read() starts the session,
 * also the errors of PROFBUF_IOC_START. Errors of write(): EINVAL (longer than PROFBUF_MARKER_MAX, or the session does
 * not run), EFAULT, ENOMEM, EAGAIN (the reader is too slow).
 */
#define PROFBUF_IOC		0xDE
#define PROFBUF_IOC_INFO	_IO(PROFBUF_IOC, 0)	/* struct profbuf_info *: get */
#define PROFBUF_IOC_CONFIG	_IO(PROFBUF_IOC, 1)	/* const struct profbuf_config *: set */
#define PROFBUF_IOC_GET_CONFIG	_IO(PROFBUF_IOC, 2)	/* struct profbuf_config *: what is in force */
#define PROFBUF_IOC_START	_IO(PROFBUF_IOC, 3)
#define PROFBUF_IOC_STOP	_IO(PROFBUF_IOC, 4)	/* what is in the rings can still be read, then EOF */
#define PROFBUF_IOC_FLUSH	_IO(PROFBUF_IOC, 5)	/* wake readers if there is something to read */
#define PROFBUF_IOC_COUNTERS	_IO(PROFBUF_IOC, 6)	/* struct profbuf_counters_get * */
#define PROFBUF_IOC_TAG_SOURCE	_IO(PROFBUF_IOC, 7)	/* const struct profbuf_tag_source * */
#define PROFBUF_IOC_TAG		_IO(PROFBUF_IOC, 8)	/* const struct profbuf_tag_set * */

enum profbuf_state {
	PROFBUF_STATE_NEW	= 0,	/* may be configured */
	PROFBUF_STATE_RUNNING	= 1,
	PROFBUF_STATE_STOPPED	= 2,	/* for good: a session runs once */
};

#define PROFBUF_RIGHT_TASKS	1	/* samples of every task; else of own processes only */
#define PROFBUF_RIGHT_KERNEL	2	/* samples of kernel code, kernel addresses */

struct profbuf_info {
	__u32	size;
	__u32	abi_version;
	__u32	state;		/* enum profbuf_state */
	__u32	rights;		/* PROFBUF_RIGHT_* */
	__u32	sources;	/* bit n: source n can be asked for in this kernel; cycles may still be ENOENT */
	__u32	nr_cpus;	/* possible */
	__u64	min_period;	/* ns: the shortest period; for cycles, as many as pass in this time */
	__u64	max_session_memory;	/* bytes; without PROFBUF_RIGHT_TASKS: of all sessions of the user */
	__u64	used_memory;	/* bytes: this session's */
	char	version[32];	/* of the module */
};

/* profbuf_config.flags */
#define PROFBUF_CONFIG_USER	0x01	/* samples of user code */
#define PROFBUF_CONFIG_KERNEL	0x02	/* samples of kernel code, and kernel frames */
#define PROFBUF_CONFIG_IDLE	0x04	/* samples of the idle task (with PROFBUF_CONFIG_KERNEL) */
#define PROFBUF_CONFIG_SIDEBAND	0x08	/* processes and mappings */
#define PROFBUF_CONFIG_TAGS	0x10	/* tags of samples; with PROFBUF_CONFIG_SIDEBAND also what they mean */
#define PROFBUF_CONFIG_FLAGS	0x1f

enum profbuf_filter {
	PROFBUF_FILTER_NONE	= 0,
	PROFBUF_FILTER_PROCESS	= 1,	/* filter_id: pid, as in the samples; with its threads and descendants */
	PROFBUF_FILTER_THREAD	= 2,	/* filter_id: tid */
	PROFBUF_FILTER_CGROUP	= 3,	/* filter_id: file descriptor of a cgroup v2 directory; it and those below */
	PROFBUF_NR_FILTERS
};

/*
 * What a session does. If 0 stands for a default, the comment of the field says so; PROFBUF_IOC_GET_CONFIG gives the
 * values in force. Errors of PROFBUF_IOC_CONFIG: EINVAL (a value out of its range, an unknown flag, a reserved field
 * that is not 0), E2BIG (see above), EFAULT, ERANGE (the period is too short), EPERM (needs more rights), EBUSY
 * (already started), ESRCH (no such process or thread), EBADF (no such cgroup), ENODEV (no CPU of the mask is
 * possible), EDQUOT (more memory than a session may have), ENOENT or EOPNOTSUPP (this machine has no such counter),
 * ENOMEM.
 *
 * Errors of PROFBUF_IOC_START: EBUSY (started before), ENOMEM, ENOENT or EOPNOTSUPP (as above), ENOSPC (others use all
 * counters of a CPU), EUSERS (too many sessions), EDQUOT (more memory than sessions may have). A session counts from
 * its start until its file is closed. There may be 64 sessions; of these, at most 32 have openers without
 * PROFBUF_RIGHT_TASKS, and at most 8 belong to one such user. All sessions of such a user together may have as much
 * memory as one session may, and the sessions of all such users together a quarter of the machine's memory.
 */
struct profbuf_config {
	__u32	size;
	__u32	flags;		/* PROFBUF_CONFIG_* */
	__u32	source;		/* enum profbuf_source */
	__u32	filter;		/* enum profbuf_filter */
	__u64	filter_id;
	__u64	period;		/* ns between ticks; cycles for PROFBUF_SOURCE_PERF_CYCLES. 0: default */
	__u32	ring_bytes;	/* of each CPU's ring, rounded up to a power of two. 0: 512 KiB, less for many CPUs */
	__u32	tag_slots;	/* records a ring holds at most, rounded up likewise. 0: by ring_bytes */
	__u32	kernel_depth;	/* frames, up to PROFBUF_STACK_MAX; 0: no kernel frames */
	__u32	user_depth;
	__u64	cpus;		/* pointer to a mask: bit n of byte n / 8 is CPU n; 0: all */
	__u32	cpus_bytes;
	__u32	watermark;	/* bytes in a ring at which a reader is woken. 0: half of the ring */
	__u64	flush_ns;	/* after it, readers are woken for less, too; at least 1 ms per session. 0: default */
	__u64	delay_ns;	/* between start and the first period */
	__u64	duration_ns;	/* stop by itself after this time. 0: never */
	__u64	max_ticks;	/* stop by itself when every CPU that is online had this many. 0: never */
	__u64	reserved[4];
};

struct profbuf_counters_get {
	__u32	size;
	__u32	cpu;		/* in: a CPU, or PROFBUF_CPU_NONE for the sum of all */
	struct profbuf_counters counters;
	__u64	sideband_processes;	/* descriptions put into the stream (whole session) */
	__u64	sideband_mappings;
	__u64	sideband_lost[8];	/* by enum profbuf_sideband_cause */
	__u64	tag_definitions;	/* put into the stream */
	__u64	tag_failed[8];		/* samples whose tag or its meaning is not known, by enum profbuf_tag_cause */
};

/*
 * Where a thread-local variable is, seen from the thread pointer (the FS base of x86-64). Offsets are multiples of 8
 * and within PROFBUF_TLS_BYTES.
 */
#define PROFBUF_TLS_BYTES	(64 << 20)

enum profbuf_tls {
	PROFBUF_TLS_STATIC	= 0,	/* at offset, which is negative: below the thread pointer */
	PROFBUF_TLS_GLIBC	= 1,	/* at offset in the module's block, found by glibc's dynamic thread vector */
	PROFBUF_TLS_MUSL	= 2,	/* likewise, by musl's vector */
	PROFBUF_TLS_NONE	= 3,	/* the process has no such variable (any more); offset and module are 0 */
	PROFBUF_NR_TLS
};

/*
 * A tag source: where the threads of a process have the pointer to their tag. It ends with the process's address space
 * (exit or exec), or with the session. A new one of the same kind replaces it, and PROFBUF_TLS_NONE takes it back.
 * Errors: EINVAL, E2BIG and EFAULT as above; ESRCH: there is no such process, it has another start_time, or it has no
 * memory; EPERM: it is another user's process, and the opener has no right to see it, or to see its thread contexts
 * (see above); ENOENT: there is nothing to take back; ENOMEM; ENOSPC: too many processes; places of processes that
 * have ended are freed once a second at most.
 */
struct profbuf_tag_source {
	__u32	size;
	__u32	pid;		/* in the opener's pid namespace, as in the samples */
	__u64	start_time;	/* as in its PROCESS record; 0: any */
	__u32	kind;		/* enum profbuf_tag_kind */
	__u32	tls;		/* enum profbuf_tls */
	__s64	offset;
	__u64	module;		/* TLS module id; 0 with PROFBUF_TLS_STATIC and PROFBUF_TLS_NONE */
	__u64	reserved[2];
};

#define PROFBUF_TAG_THREAD	1	/* flags: tag this thread only; else the process with all its threads */
#define PROFBUF_TAG_REMOVE	2	/* remove the tag; data and bytes are 0 */
#define PROFBUF_TAG_STAY	4	/* the tag stays after this file is closed */

/*
 * Tags a process or a thread from outside, and all processes and threads that it creates from now on. Threads that tag
 * themselves are not affected. The new tag replaces an earlier one from outside; those that inherited the earlier one
 * keep it. A thread that executes another program, and so becomes the only thread of its process, keeps its tag. A tag
 * ends with the process or thread, and when the open file is closed, unless PROFBUF_TAG_STAY was set.
 *
 * PROFBUF_TAG_REMOVE may name any process or thread that has the tag, and removes the tag from all that have it: from
 * the one it was set for, and from those that inherited it. Without PROFBUF_RIGHT_TASKS it removes the tag from the
 * named one only, unless the same user has set the tag.
 *
 * Errors: EINVAL (also: not a label set), E2BIG and EFAULT as above; ESRCH: there is no such process or thread, or it
 * is a kernel thread; EPERM: it is another user's process, and the opener has no right to see it; ENOENT: there is
 * nothing to remove; ENOMEM; ENOSPC: too many processes and threads have tags.
 */
struct profbuf_tag_set {
	__u32	size;
	__u32	flags;		/* PROFBUF_TAG_* */
	__u32	pid;		/* or tid; in the opener's pid namespace */
	__u32	bytes;		/* of data: a label set's text */
	__u64	data;		/* pointer */
	__u64	reserved[2];
};

#endif /* PROFBUF_UAPI_H */
