// SPDX-License-Identifier: GPL-2.0-only
/*
 * dev.c - the misc device: file operations, rights, ioctls
 */
#include <linux/compat.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>

#include "config.h"
#include "dev.h"
#include "sampler.h"
#include "session.h"
#include "sysfs.h"
#include "profbuf_version.h"

static int profbuf_open(struct inode *inode, struct file *file)
{
	struct profbuf_ksession *s = profbuf_ksession_create();

	if (IS_ERR(s))
		return PTR_ERR(s);
	file->private_data = s;
	return stream_open(inode, file);
}

static int profbuf_release(struct inode *inode, struct file *file)
{
	profbuf_ksession_destroy(file->private_data);
	return 0;
}

static ssize_t profbuf_file_read(struct file *file, char __user *to, size_t count, loff_t *pos)
{
	if (!count)
		return 0;
	return profbuf_ksession_read(file->private_data, to, min_t(size_t, count, INT_MAX & PAGE_MASK),
				     file->f_flags & O_NONBLOCK);
}

/* Puts the text that is written into the stream: a marker with its time and its writer. */
static ssize_t profbuf_file_write(struct file *file, const char __user *from, size_t count, loff_t *pos)
{
	struct profbuf_ksession *s = file->private_data;
	struct profbuf_marker *m;
	struct profbuf_note *note;

	if (!count)
		return 0;
	if (count > PROFBUF_MARKER_MAX || profbuf_ksession_state(s) != PROFBUF_STATE_RUNNING)
		return -EINVAL;
	note = profbuf_note_alloc(sizeof(*m) + count + 1);
	if (!note)
		return -ENOMEM;
	m = (struct profbuf_marker *)note->words;
	m->time = ktime_get_ns();
	m->type = PROFBUF_RECORD_MARKER;
	m->cpu = PROFBUF_CPU_NONE;
	m->misc = count;
	m->pid = task_tgid_nr_ns(current, s->opener.pid_ns);
	m->tid = task_pid_nr_ns(current, s->opener.pid_ns);
	if (copy_from_user(m->text, from, count)) {
		kfree(note);
		return -EFAULT;
	}
	if (profbuf_notes_add(&s->notes, note))
		return count;
	/* The session may have been stopped meanwhile. */
	return profbuf_ksession_state(s) == PROFBUF_STATE_RUNNING ? -EAGAIN : -EINVAL;
}

static __poll_t profbuf_poll(struct file *file, poll_table *wait)
{
	return profbuf_ksession_poll(file->private_data, file, wait);
}

/* ioctls: every struct begins with its size */

static int read_size(const void __user *arg, u32 *size)
{
	if (get_user(*size, (const u32 __user *)arg))
		return -EFAULT;
	return *size < sizeof(*size) || *size > PAGE_SIZE ? -EINVAL : 0;
}

/* Copies as much as the caller has room for. Fields that only the caller knows are zero. */
static int copy_struct_out(void __user *arg, u32 size, const void *from, u32 known)
{
	if (copy_to_user(arg, from, min(size, known)))
		return -EFAULT;
	if (size > known && clear_user(arg + known, size - known))
		return -EFAULT;
	return 0;
}

/* Reads a struct. Fields that the caller does not have are zero. */
static int copy_struct_in(void __user *arg, void *to, u32 known)
{
	u32 size;
	int err;

	err = read_size(arg, &size);
	if (err)
		return err;
	err = copy_struct_from_user(to, known, arg, size);
	if (err == -E2BIG && put_user(known, (u32 __user *)arg))
		return -EFAULT;
	return err;
}

static int ioctl_info(struct profbuf_ksession *s, void __user *arg)
{
	struct profbuf_info info = {
		.size = sizeof(info),
		.abi_version = PROFBUF_ABI_VERSION,
		.state = profbuf_ksession_state(s),
		.rights = s->opener.rights,
		.sources = profbuf_sampler_sources(),
		.nr_cpus = nr_cpu_ids,
		.min_period = (u64)profbuf_min_period_us * NSEC_PER_USEC,
		.max_session_memory = (u64)profbuf_max_memory_mb << 20,
		.version = PROFBUF_VERSION,
	};
	u32 size;
	int err;

	err = read_size(arg, &size);
	if (err)
		return err;
	mutex_lock(&s->lock);
	info.used_memory = s->quota.memory;
	mutex_unlock(&s->lock);
	return copy_struct_out(arg, size, &info, sizeof(info));
}

static int ioctl_config(struct profbuf_ksession *s, void __user *arg)
{
	struct profbuf_config config;
	int err = copy_struct_in(arg, &config, sizeof(config));

	return err ? err : profbuf_ksession_configure(s, &config);
}

static int ioctl_get_config(struct profbuf_ksession *s, void __user *arg)
{
	struct profbuf_config config;
	u32 size;
	int err;

	err = read_size(arg, &size);
	if (err)
		return err;
	mutex_lock(&s->lock);
	config = s->config;
	mutex_unlock(&s->lock);
	return copy_struct_out(arg, size, &config, sizeof(config));
}

static int ioctl_flush(struct profbuf_ksession *s)
{
	if (profbuf_ksession_state(s) == PROFBUF_STATE_NEW)
		return -EINVAL;
	profbuf_ksession_flush(s);
	return 0;
}

static int ioctl_counters(struct profbuf_ksession *s, void __user *arg)
{
	struct profbuf_counters_get get = { 0 };
	u32 size;
	int i, err;

	err = read_size(arg, &size);
	if (err)
		return err;
	if (size < offsetofend(struct profbuf_counters_get, cpu))
		return -EINVAL;
	if (copy_from_user(&get, arg, offsetofend(struct profbuf_counters_get, cpu)))
		return -EFAULT;
	if (profbuf_ksession_state(s) == PROFBUF_STATE_NEW)
		return -EINVAL;
	err = profbuf_ksession_counters(s, get.cpu, &get.counters);
	if (err)
		return err;
	get.size = sizeof(get);
	get.sideband_processes = atomic64_read(&s->describe.processes);
	get.sideband_mappings = atomic64_read(&s->describe.mappings);
	for (i = 0; i < PROFBUF_NR_SIDEBAND_CAUSES; i++)
		get.sideband_lost[i] = atomic64_read(&s->notes.lost[i]);
	get.tag_definitions = atomic64_read(&s->tags.definitions);
	for (i = 0; i < PROFBUF_NR_TAG_CAUSES; i++)
		get.tag_failed[i] = atomic64_read(&s->tags.failed[i]);
	return copy_struct_out(arg, size, &get, sizeof(get));
}

static int ioctl_tag_source(struct profbuf_ksession *s, void __user *arg)
{
	struct profbuf_tag_source source;
	int err = copy_struct_in(arg, &source, sizeof(source));

	return err ? err : profbuf_tag_source_set(&s->tags.processes, &s->opener, &source);
}

static int ioctl_tag(struct profbuf_ksession *s, void __user *arg)
{
	struct profbuf_tag_set set;
	int err = copy_struct_in(arg, &set, sizeof(set));

	return err ? err : profbuf_outside_tag_set(&s->opener, &s->outside_tags, &set);
}

static long profbuf_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct profbuf_ksession *s = file->private_data;
	void __user *user = (void __user *)arg;

	switch (cmd) {
	case PROFBUF_IOC_INFO:
		return ioctl_info(s, user);
	case PROFBUF_IOC_CONFIG:
		return ioctl_config(s, user);
	case PROFBUF_IOC_GET_CONFIG:
		return ioctl_get_config(s, user);
	case PROFBUF_IOC_START:
		return profbuf_ksession_start(s);
	case PROFBUF_IOC_STOP:
		return profbuf_ksession_stop(s);
	case PROFBUF_IOC_FLUSH:
		return ioctl_flush(s);
	case PROFBUF_IOC_COUNTERS:
		return ioctl_counters(s, user);
	case PROFBUF_IOC_TAG_SOURCE:
		return ioctl_tag_source(s, user);
	case PROFBUF_IOC_TAG:
		return ioctl_tag(s, user);
	}
	return -ENOTTY;
}

static const struct file_operations profbuf_fops = {
	.owner		= THIS_MODULE,
	.open		= profbuf_open,
	.release	= profbuf_release,
	.read		= profbuf_file_read,
	.write		= profbuf_file_write,
	.poll		= profbuf_poll,
	.unlocked_ioctl	= profbuf_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
};

static struct miscdevice profbuf_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "profbuf",
	.fops	= &profbuf_fops,
	.mode	= 0600,
};

int profbuf_dev_init(void)
{
	profbuf_device.groups = profbuf_sysfs_groups();
	return misc_register(&profbuf_device);
}

void profbuf_dev_exit(void)
{
	misc_deregister(&profbuf_device);
}
