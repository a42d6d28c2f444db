/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * profbuf_uapi.h - the ABI of /dev/profbuf: the stream that read() returns and the ioctls
 *
 * The stream
 * ----------
 * 64-bit words in the byte order of the machine that made it. read() returns whole records, as many as fit;
 * a buffer too small for the next record is EINVAL and consumes nothing. Every record begins with
 * struct profbuf_record; a reader skips a record whose type it does not know by its length, and ignores words past
 * those it knows: records grow at their end only.
 *
 * The first record is PROFBUF_RECORD_INFO. Samples and losses of one CPU come in the order of time; records of
 * different CPUs and the sideband (processes, mappings, tags, markers) come in no particular order among each other:
 * sort by time. The stream of a session that ended has one PROFBUF_RECORD_COUNTERS with PROFBUF_COUNTERS_FINAL for each
 * possible CPU at its end; a stored stream without them was cut short.
 *
 * The arithmetic, per CPU, exactly:
 *
 *	ticks = delivered + lost + skipped[0] + ... + skipped[PROFBUF_NR_SKIPS - 1] + missed
 *
 * where, once the stream is drained, `delivered` is the number of PROFBUF_RECORD_SAMPLE of that CPU in it and `lost`
 * the sum of the counts of its PROFBUF_RECORD_LOST.
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
	__u32	misc;		/* by type; 0 where nothing is said of it */
};

/* Ticks that left no sample because the CPU's ring was full. time is that of the first of them. */
struct profbuf_lost {
	__u64	len;
	__u64	time;
	__u16	type;		/* PROFBUF_RECORD_LOST */
	__u16	cpu;
	__u32	misc;
	__u64	zero[3];
	__u64	count;
};

/* What the CPU was doing when the tick came: low four bits of profbuf_sample.mode. */
enum profbuf_mode {
	PROFBUF_MODE_USER	= 1,
	PROFBUF_MODE_KERNEL	= 2,
	PROFBUF_MODE_IDLE	= 3,
};

#define PROFBUF_MODE_MASK	0x0f
#define PROFBUF_MODE_32BIT	0x10	/* the interrupted user code is 32-bit code */

/* Why a stack ends where it ends. */
enum profbuf_stop {
	PROFBUF_STOP_NONE	= 0,	/* no such stack was asked for, or the task has none */
	PROFBUF_STOP_END	= 1,	/* the outermost frame was reached */
	PROFBUF_STOP_DEPTH	= 2,	/* the configured depth was reached */
	PROFBUF_STOP_FAULT	= 3,	/* the next frame is not in memory, or not readable */
	PROFBUF_STOP_FRAME	= 4,	/* the frame pointer is not one: unaligned, or not further out */
	PROFBUF_STOP_UNWIND	= 5,	/* the kernel's unwinder gave up */
	PROFBUF_STOP_EXEC	= 6,	/* the task was changing its program: its user registers meant nothing */
};

/*
 * One tick's sample. frames[] holds nr_kernel kernel addresses, leaf first, then nr_user user addresses, leaf first.
 * The first address of each kind is the interrupted instruction (kernel: if the CPU was in the kernel; user: the
 * instruction that entered the kernel or was interrupted); the others are return addresses: look up address - 1.
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
	__u64	tag;		/* whose work it was, see struct profbuf_tag; 0: nothing is said */
	__u32	pid;		/* thread group, in the pid namespace of who opened the device; 0: idle, or not in it */
	__u32	tid;		/* likewise; 0 also: it has been reaped, and runs its last */
	__u64	stack;		/* cookie of a later stack record that continues frames[]; 0: none */
	__u64	frames[];
};

#define PROFBUF_SAMPLE_KERNEL_STOP(s)	((s)->stop & 0x0f)
#define PROFBUF_SAMPLE_USER_STOP(s)	((s)->stop >> 4)

enum profbuf_source {
	PROFBUF_SOURCE_HRTIMER		= 0,	/* a pinned hard timer on each CPU */
	PROFBUF_SOURCE_PERF_CPU_CLOCK	= 1,	/* perf's software event */
	PROFBUF_SOURCE_PERF_CYCLES	= 2,	/* the hardware's; in NMI on x86. Needs PROFBUF_RIGHT_TASKS */
	PROFBUF_NR_SOURCES
};

/* Describes the stream; once, first. */
struct profbuf_stream_info {
	__u64	len;
	__u64	time;		/* of the start */
	__u16	type;		/* PROFBUF_RECORD_INFO */
	__u16	cpu;		/* PROFBUF_CPU_NONE */
	__u32	misc;
	__u64	magic;		/* PROFBUF_MAGIC; swapped: the stream is of the other byte order */
	__u32	abi_version;
	__u32	clock;		/* of every time: clockid_t, CLOCK_MONOTONIC (1) */
	__u64	realtime_offset;/* ns: CLOCK_REALTIME = time + realtime_offset at the start */
	__u64	period;		/* as in struct profbuf_config */
	__u32	source;		/* enum profbuf_source */
	__u32	flags;		/* PROFBUF_CONFIG_* in force */
	__u32	nr_cpus;	/* possible CPUs: cpu < nr_cpus in every record that has one */
	__u32	nr_skips;	/* causes in struct profbuf_counters */
	__u32	kernel_depth;
	__u32	user_depth;
	__u64	kernel_anchor;	/* run-time address of the kernel's schedule(): tells this boot; 0: no right to it */
	char	release[64];	/* the kernel's, as uname -r, padded with zeros */
	char	machine[16];	/* as uname -m */
};

/* Why a tick left no sample. Each name is that of a file in sysfs too: skipped_<name>. */
enum profbuf_skip {
	PROFBUF_SKIP_NESTED	= 0,	/* nested: came inside another tick of the same CPU and session */
	PROFBUF_SKIP_NO_REGS	= 1,	/* no_regs: the interrupted registers were not known */
	PROFBUF_SKIP_IDLE	= 2,	/* idle: the CPU was idle and idle samples are off */
	PROFBUF_SKIP_KERNEL	= 3,	/* kernel: in the kernel, and kernel samples are off */
	PROFBUF_SKIP_USER	= 4,	/* user: in user space, and user samples are off */
	PROFBUF_SKIP_FILTER	= 5,	/* filter: not the process, thread or cgroup asked for */
	PROFBUF_SKIP_RIGHTS	= 6,	/* rights: the session may not see this task */
	PROFBUF_SKIP_ENDED	= 7,	/* ended: after the last tick, before the source was off */
	PROFBUF_SKIP_BUDGET	= 8,	/* budget: left out, as ticks took too much of the CPU */
	PROFBUF_NR_SKIPS
};

#define PROFBUF_SKIPS_MAX	16

/* The accounting of one CPU, or of all. */
struct profbuf_counters {
	__u64	ticks;		/* periods that passed while the source was on */
	__u64	delivered;	/* samples in the ring or already read */
	__u64	lost;		/* the ring was full; each is in a loss record */
	__u64	missed;		/* periods in which the timer could not fire */
	__u64	skipped[PROFBUF_SKIPS_MAX];	/* by enum profbuf_skip */
};

#define PROFBUF_COUNTERS_FINAL	1	/* misc: the session has ended, these do not change any more */

struct profbuf_record_counters {
	__u64	len;
	__u64	time;
	__u16	type;		/* PROFBUF_RECORD_COUNTERS */
	__u16	cpu;
	__u32	misc;		/* PROFBUF_COUNTERS_FINAL or 0 */
	struct profbuf_counters counters;
};

/*
 * The rate changed on that CPU, from `time` on: of `stride` periods one has a tick, and a sample stands for all of
 * them; the others are in skipped[PROFBUF_SKIP_BUDGET]. It is lowered when the session's ticks take more of the CPU
 * than their part of the module's limit (parameter max_overhead_percent), and raised when that is over. At the start
 * it is 1. Sessions with PROFBUF_RIGHT_TASKS have equal parts; if there are others, all of them together have half, in
 * equal parts for each user.
 */
struct profbuf_rate {
	__u64	len;
	__u64	time;
	__u16	type;		/* PROFBUF_RECORD_RATE */
	__u16	cpu;
	__u32	misc;
	__u64	stride;
	__u64	overhead;	/* parts per million of the CPU's time that the ticks took before */
};

/*
 * A process some sample belongs to, and its executable mappings, as they were at `time`. One PROFBUF_RECORD_PROCESS,
 * then its nr_mappings PROFBUF_RECORD_MAPPING. They replace what a PROCESS record of the same pid and start_time with
 * an earlier time said, from their time on; samples before the first belong to the first. What is of an earlier time
 * may come later in the stream, and may say the same once more. A process that keeps changing its mappings is described
 * every 0.5 ms at most, and once in 4 us for each mapping: an address of a sample that none of the mappings at its time
 * has is in the next description, if it was still mapped then. A process that was sampled only while it exited is
 * PROFBUF_PROCESS_EXITING: there is nothing more to be said of its mappings, and what an earlier record says stays. Its
 * start_time is 0 if not even the process was left, only a thread of it on its way out.
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
	__u32	ns_pid;		/* in the process's own innermost pid namespace: the PID of /tmp/perf-PID.map */
	__u32	ppid;		/* as pid; 0: not in that namespace */
	__u32	uid;		/* real, in the initial user namespace */
	__u64	start_time;	/* CLOCK_BOOTTIME, ns: with pid the identity of the process */
	__u64	cgroup;		/* id: the inode number of its directory in the unified hierarchy; 0: none */
	__u64	exe_start;	/* an address in the mapping of the executable */
	__u32	nr_mappings;
	__u32	reserved;
	char	comm[16];
};

#define PROFBUF_MAPPING_ANON	1	/* misc: no file behind it (JIT code); path names it, or is empty */

/* One executable mapping. path is zero-terminated, padded with zeros to a whole word. */
struct profbuf_mapping {
	__u64	len;
	__u64	time;
	__u16	type;		/* PROFBUF_RECORD_MAPPING */
	__u16	cpu;		/* PROFBUF_CPU_NONE */
	__u32	misc;		/* PROFBUF_MAPPING_ANON or 0 */
	__u32	pid;
	__u32	build_id_len;	/* bytes; 0: none, or not in memory at the time */
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
 * The code of one of the kernel's modules: those that were loaded at the start, after the first record, of a session
 * with kernel samples and sideband that may see kernel addresses.
 */
struct profbuf_module {
	__u64	len;
	__u64	time;
	__u16	type;		/* PROFBUF_RECORD_MODULE */
	__u16	cpu;		/* PROFBUF_CPU_NONE */
	__u32	misc;
	__u64	start;
	__u64	end;
	__u8	build_id[24];	/* zeros where the kernel does not know it; else 20 bytes */
	char	name[64];	/* padded with zeros */
};

/*
 * The name of a thread some sample belongs to, from `time` on: when it was first sampled, and after it took another
 * name. Zero-terminated. As of processes, what is of an earlier time may come later.
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
 * A process some sample belongs to runs another program now, or has ended. comm is the new program's, or the last
 * one's; empty if the session may not see that any more.
 */
struct profbuf_life {
	__u64	len;
	__u64	time;
	__u16	type;		/* PROFBUF_RECORD_EXEC or PROFBUF_RECORD_EXIT */
	__u16	cpu;		/* PROFBUF_CPU_NONE */
	__u32	misc;
	__u32	pid;		/* as in the samples */
	__u32	tid;		/* the thread that did it; the last one to end */
	__u64	start_time;	/* of the process, as in its PROCESS record */
	char	comm[16];
};

/*
 * Tags
 * ----
 * A label set is text: up to PROFBUF_LABELS_MAX labels, each a key and a value, both zero-terminated UTF-8, one after
 * the other; PROFBUF_LABELS_BYTES at most. A sample's tag is a word that stands for a label set. Where it comes from,
 * the first that has one:
 *
 * 1. The thread itself. A program linked with libprofbuf-tag has a thread-local pointer of the name
 *    PROFBUF_LABELS_SYMBOL that is NULL or points to a struct profbuf_label_set, which never changes and is never
 *    freed. The tag is that pointer, once a label set was seen there: a pointer to anything else is not given.
 * 2. The thread itself, by OpenTelemetry's thread context (OTEP 4947): a thread-local pointer otel_thread_ctx_v1 to a
 *    record, which does change. The tag is a hash of its content. As a record has no magic, openers who had not
 *    CAP_SYS_PTRACE are given those of their own processes only, and of these only what descends from the opener.
 * 3. PROFBUF_IOC_TAG, from outside. The tag has PROFBUF_TAG_OUTSIDE set.
 *
 * Where a process has its thread-local pointers is in its ELF files, which the kernel does not read: whoever records
 * tells it with PROFBUF_IOC_TAG_SOURCE, for each process.
 */
#define PROFBUF_LABELS_SYMBOL	"profbuf_thread_labels_v1"
#define PROFBUF_LABELS_MAGIC	0x316c6562616c6270ULL	/* "pblabel1" on a little-endian machine */
#define PROFBUF_LABELS_MAX	16
#define PROFBUF_LABELS_BYTES	640
#define PROFBUF_TAG_OUTSIDE	(1ULL << 63)

/* In the memory of a process. */
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
	 * data is a thread context record as it was in memory, attrs-data at its end. What is in odd memory, or has
	 * more than PROFBUF_LABELS_BYTES of attrs-data or attrs-data that are not attributes without a NUL, is none.
	 */
	PROFBUF_TAG_OTEL	= 1,
	PROFBUF_NR_TAG_KINDS
};

/* Why the meaning of a tag, or the tag itself, is not known. */
enum profbuf_tag_cause {
	PROFBUF_TAG_KNOWN	= 0,
	PROFBUF_TAG_FAULT	= 1,	/* the variable's memory is not there; see also struct profbuf_tag */
	PROFBUF_TAG_BAD		= 2,	/* what the variable has is no pointer to a label set or a thread context */
	PROFBUF_TAG_BUSY	= 3,	/* too many new tags at once on that CPU */
	PROFBUF_TAG_CONTEXT	= 4,	/* in NMI, in the middle of the kernel's change from one thread to another */
	PROFBUF_TAG_RIGHTS	= 5,	/* a thread context of a process that is not the opener's own any more */
	PROFBUF_NR_TAG_CAUSES
};

/*
 * What a tag means, from `time` on, until the next record of the same pid and tag. There is one for each pid and tag of
 * the samples, or one with the cause why its meaning is not known and without data, or a PROFBUF_RECORD_SIDEBAND_LOST
 * counts it.
 */
struct profbuf_tag {
	__u64	len;
	__u64	time;
	__u16	type;		/* PROFBUF_RECORD_TAG */
	__u16	cpu;		/* PROFBUF_CPU_NONE */
	__u32	misc;		/* enum profbuf_tag_kind */
	__u32	pid;		/* whose; 0: a tag from outside, whoever has it */
	__u16	cause;		/* KNOWN; FAULT: labels from outside that were replaced before they could be copied */
	__u16	bytes;		/* of data, which is padded with zeros to a whole word */
	__u64	tag;
	char	data[];
};

/*
 * Samples that have tag 0 because their thread's own tag could not be read, since the last such record: what work they
 * are is not known. The tags of the other samples with 0 are known: they have none.
 */
struct profbuf_tag_lost {
	__u64	len;
	__u64	time;
	__u16	type;		/* PROFBUF_RECORD_TAG_LOST */
	__u16	cpu;		/* PROFBUF_CPU_NONE */
	__u32	misc;
	__u64	count[8];	/* by enum profbuf_tag_cause */
};

/* Text that write() put into the stream, zero-terminated, padded with zeros to a whole word. */
struct profbuf_marker {
	__u64	len;
	__u64	time;
	__u16	type;		/* PROFBUF_RECORD_MARKER */
	__u16	cpu;		/* PROFBUF_CPU_NONE */
	__u32	misc;		/* bytes of text */
	__u32	pid;		/* who wrote it */
	__u32	tid;
	char	text[];
};

/* Why a process's sideband is not in the stream. */
enum profbuf_sideband_cause {
	PROFBUF_SIDEBAND_BUSY	= 0,	/* too many processes, ends of them, or changes of the rate at once */
	PROFBUF_SIDEBAND_MEMORY	= 1,	/* no memory */
	PROFBUF_SIDEBAND_LIMIT	= 2,	/* the reader was slower than the sideband's limit allows */
	PROFBUF_SIDEBAND_TAGS	= 3,	/* PROFBUF_TAG_BUSY */
	PROFBUF_SIDEBAND_CHANGES = 4,	/* a process changed its mappings too fast, or for too long at a time */
	PROFBUF_NR_SIDEBAND_CAUSES
};

/* Sideband that could not be given, since the last such record. */
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
 * Every struct begins with its size as the caller knows it. A longer struct than the kernel's is accepted if what
 * the kernel does not know is zero (E2BIG otherwise; the caller's size field is set to what the kernel knows); a
 * shorter one means defaults for the rest. On any error nothing has changed.
 *
 * Errors of any of them: ENOTTY (no such call), EFAULT, EINVAL (also: a size that is none). PROFBUF_IOC_COUNTERS, STOP
 * and FLUSH: EINVAL, too, if it was not started, or there is no such CPU. Those of the others are with their structs.
 *
 * Errors of open(): ENOMEM. Of read(): EINVAL (less room than the next record needs), EFAULT, EAGAIN (O_NONBLOCK, and
 * there is nothing), EINTR, EIO (a ring was written over); if it is what starts the session, those of
 * PROFBUF_IOC_START. Of write(): EINVAL (longer than PROFBUF_MARKER_MAX, or the session does not run), EFAULT, ENOMEM,
 * EAGAIN (the reader is too slow).
 */
#define PROFBUF_IOC		0xDE
#define PROFBUF_IOC_INFO	_IO(PROFBUF_IOC, 0)	/* struct profbuf_info *: get */
#define PROFBUF_IOC_CONFIG	_IO(PROFBUF_IOC, 1)	/* const struct profbuf_config *: set */
#define PROFBUF_IOC_GET_CONFIG	_IO(PROFBUF_IOC, 2)	/* struct profbuf_config *: what is in force */
#define PROFBUF_IOC_START	_IO(PROFBUF_IOC, 3)
#define PROFBUF_IOC_STOP	_IO(PROFBUF_IOC, 4)	/* what is in the rings can still be read, then EOF */
#define PROFBUF_IOC_FLUSH	_IO(PROFBUF_IOC, 5)	/* wake readers for what is there now */
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
	__u64	min_period;	/* ns: the floor of a period; of cycles, as many as pass in that time */
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
	PROFBUF_FILTER_PROCESS	= 1,	/* filter_id: pid, as in the samples; its threads, its children and theirs */
	PROFBUF_FILTER_THREAD	= 2,	/* filter_id: tid */
	PROFBUF_FILTER_CGROUP	= 3,	/* filter_id: file descriptor of a cgroup v2 directory; it and those below */
	PROFBUF_NR_FILTERS
};

/*
 * What a session does. Where a field may be 0 for a default, it says so; get what is in force with
 * PROFBUF_IOC_GET_CONFIG. Errors of PROFBUF_IOC_CONFIG: EINVAL (a value out of its range, an unknown flag, a reserved
 * field that is not 0), E2BIG (above), EFAULT, ERANGE (period below the floor), EPERM (needs more rights), EBUSY
 * (already started), ESRCH (no such process or thread), EBADF (no such cgroup), ENODEV (no CPU of the mask is
 * possible), EDQUOT (more memory than a session may have), ENOENT or EOPNOTSUPP (this machine has no such counter),
 * ENOMEM.
 *
 * Errors of PROFBUF_IOC_START: EBUSY (started before), ENOMEM, ENOENT or EOPNOTSUPP (as above), ENOSPC (others have all
 * counters of a CPU), EUSERS (as many sessions run as may), EDQUOT (they have as much memory as they may). A session
 * counts from its start until its file is closed. 64 may run. Those of openers without PROFBUF_RIGHT_TASKS are at most
 * 32 of them, and 8 of one user; all of one user's together may have as much memory as one session may, and those of
 * all such users a quarter of the machine's.
 */
struct profbuf_config {
	__u32	size;
	__u32	flags;		/* PROFBUF_CONFIG_* */
	__u32	source;		/* enum profbuf_source */
	__u32	filter;		/* enum profbuf_filter */
	__u64	filter_id;
	__u64	period;		/* ns between ticks; cycles for PROFBUF_SOURCE_PERF_CYCLES. 0: default */
	__u32	ring_bytes;	/* of each CPU's ring, rounded up to a power of two. 0: 512 KiB, or what may be had */
	__u32	tag_slots;	/* records a ring holds at most, rounded up likewise. 0: by ring_bytes */
	__u32	kernel_depth;	/* frames, up to PROFBUF_STACK_MAX; 0: no kernel frames */
	__u32	user_depth;
	__u64	cpus;		/* pointer to a mask: bit n of byte n / 8 is CPU n; 0: all */
	__u32	cpus_bytes;
	__u32	watermark;	/* bytes in a ring at which a reader is woken. 0: half of the ring */
	__u64	flush_ns;	/* a reader is woken after it even for less; 1 ms a session at least. 0: default */
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
 * Where a thread-local variable is, from the thread pointer (the FS base of x86-64). Offsets are multiples of 8 and
 * within PROFBUF_TLS_BYTES.
 */
#define PROFBUF_TLS_BYTES	(64 << 20)

enum profbuf_tls {
	PROFBUF_TLS_STATIC	= 0,	/* at offset, which is negative: below the thread pointer */
	PROFBUF_TLS_GLIBC	= 1,	/* at offset in the block of the module, by glibc's dynamic thread vector */
	PROFBUF_TLS_MUSL	= 2,	/* likewise, musl's */
	PROFBUF_TLS_NONE	= 3,	/* the process has no such variable (any more); offset and module are 0 */
	PROFBUF_NR_TLS
};

/*
 * Tells where the threads of a process have the pointer to their tag. Ends with the process's address space (exit or
 * exec), or the session; one of the same kind replaces it, PROFBUF_TLS_NONE takes it back. Errors: EINVAL, E2BIG and
 * EFAULT as above; ESRCH: there is no such process, it has another start_time, or no memory; EPERM: another user's
 * process, without the right to see it, or to see its thread contexts (above); ENOENT: there is nothing to take back;
 * ENOMEM; ENOSPC: too many processes; room of those that ended is looked for once in a second at most.
 */
struct profbuf_tag_source {
	__u32	size;
	__u32	pid;		/* in the pid namespace of who opened the device, as in the samples */
	__u64	start_time;	/* as in its PROCESS record; 0: whatever it is */
	__u32	kind;		/* enum profbuf_tag_kind */
	__u32	tls;		/* enum profbuf_tls */
	__s64	offset;
	__u64	module;		/* TLS module id; 0 with PROFBUF_TLS_STATIC and PROFBUF_TLS_NONE */
	__u64	reserved[2];
};

#define PROFBUF_TAG_THREAD	1	/* flags: of this thread only; else of the process, all its threads */
#define PROFBUF_TAG_REMOVE	2	/* remove it; data and bytes are 0 */
#define PROFBUF_TAG_STAY	4	/* also after this file is closed */

/*
 * Tags a process or a thread from outside, with all it creates from now on; threads that tag themselves are not
 * affected. Replaces the tag it has from outside; what has inherited that one keeps it. A thread keeps its tag if it
 * executes another program, and becomes its process's only thread by that. A tag ends with the process or thread, and
 * with the open file unless asked to stay. PROFBUF_TAG_REMOVE removes it from all that have it, whichever of them is
 * named: what it was set for and what inherited it; without PROFBUF_RIGHT_TASKS only from the one that is named, unless
 * the same user has set it.
 * Errors: EINVAL (also: not a label set), E2BIG and EFAULT as above; ESRCH: there is none, or it is a kernel thread;
 * EPERM: another user's process, without the right to see it; ENOENT: nothing to remove; ENOMEM; ENOSPC: too many.
 */
struct profbuf_tag_set {
	__u32	size;
	__u32	flags;		/* PROFBUF_TAG_* */
	__u32	pid;		/* or tid; in the pid namespace of who opened the device */
	__u32	bytes;		/* of data: a label set's text */
	__u64	data;		/* pointer */
	__u64	reserved[2];
};

#endif /* PROFBUF_UAPI_H */
