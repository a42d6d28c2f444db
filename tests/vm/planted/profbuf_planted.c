// SPDX-License-Identifier: GPL-2.0-only
/*
 * profbuf_planted.c - does on purpose what a module must not do: one thing, the parameter's
 *
 * Each is for a detector of the kernels built to find faults, which has to find it: see tests/vm/detectors. It is
 * compiled as the module under test is.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/vmalloc.h>

static char *fault = "";
module_param(fault, charp, 0444);
MODULE_PARM_DESC(fault, "what to do");

#define BYTES	100

/* A place that the compiler knows nothing of. */
static void write_to(u8 *p, size_t at)
{
	OPTIMIZER_HIDE_VAR(p);
	OPTIMIZER_HIDE_VAR(at);
	WRITE_ONCE(p[at], 1);
}

static void slab_out_of_bounds(void)
{
	u8 *p = kzalloc(BYTES, GFP_KERNEL);

	if (p)
		write_to(p, BYTES);
	kfree(p);
}

static void slab_after_free(void)
{
	u8 *p = kzalloc(BYTES, GFP_KERNEL), *freed = p;

	OPTIMIZER_HIDE_VAR(freed);
	kfree(p);
	if (freed)
		write_to(freed, BYTES / 2);
}

static void vmalloc_out_of_bounds(void)
{
	u8 *p = vzalloc(BYTES);

	if (p)
		write_to(p, BYTES);
	vfree(p);
}

static void stack_out_of_bounds(void)
{
	u8 bytes[BYTES] = { 0 };

	write_to(bytes, BYTES);
}

static void array_index(void)
{
	static u32 words[8];
	unsigned int at = 8;

	OPTIMIZER_HIDE_VAR(at);
	words[at] = 1;
	barrier_data(words);
}

static void shift(void)
{
	unsigned int by = 33, result;

	OPTIMIZER_HIDE_VAR(by);
	result = 1U << by;
	OPTIMIZER_HIDE_VAR(result);
}

static void lock_order(void)
{
	static DEFINE_MUTEX(a);
	static DEFINE_MUTEX(b);

	mutex_lock(&a);
	mutex_lock(&b);
	mutex_unlock(&b);
	mutex_unlock(&a);
	mutex_lock(&b);
	mutex_lock(&a);
	mutex_unlock(&a);
	mutex_unlock(&b);
}

/* A lock that sleeps on PREEMPT_RT inside one that does not. */
static void lock_nesting(void)
{
	static DEFINE_RAW_SPINLOCK(raw);
	static DEFINE_SPINLOCK(other);

	raw_spin_lock(&raw);
	spin_lock(&other);
	spin_unlock(&other);
	raw_spin_unlock(&raw);
}

static void rcu_without_lock(void)
{
	static int __rcu *pointer;
	int *p = rcu_dereference(pointer);

	OPTIMIZER_HIDE_VAR(p);
}

static void sleep_in_atomic(void)
{
	preempt_disable();
	might_sleep();
	preempt_enable();
}

static void cpu_in_preemptible(void)
{
	int cpu = smp_processor_id();

	OPTIMIZER_HIDE_VAR(cpu);
}

static void nothing(struct timer_list *t)
{
}

static void freed_timer(void)
{
	struct timer_list *t = kzalloc(sizeof(*t), GFP_KERNEL);

	if (!t)
		return;
	timer_setup(t, nothing, 0);
	mod_timer(t, jiffies + 3600 * HZ);
	kfree(t);
}

static void leak(void)
{
	int i;

	for (i = 0; i < 10; i++) {
		void *p = kmalloc(BYTES, GFP_KERNEL);

		OPTIMIZER_HIDE_VAR(p);
	}
}

/* No other task on this CPU for a while, or no interrupt either: by the clock of the detectors' timers, too. */
static void spin(bool interrupts)
{
	ktime_t end = ktime_add_ms(ktime_get(), 12000);
	unsigned long flags = 0;
	int ms;

	preempt_disable();
	if (!interrupts)
		local_irq_save(flags);
	for (ms = 0; ms < 12000 || ktime_before(ktime_get(), end); ms++)
		mdelay(1);
	if (!interrupts)
		local_irq_restore(flags);
	preempt_enable();
}

static void soft_lockup(void)
{
	spin(true);
}

static void hard_lockup(void)
{
	spin(false);
}

/* Data races: two threads and a variable. */

static u64 shared;

static noinline void count_up(void)
{
	shared++;
}

/* As code of the kernel's own, which is not instrumented. */
static __no_kcsan void count_up_unseen(void)
{
	WRITE_ONCE(shared, shared + 1);
}

static int race_thread(void *count)
{
	while (!kthread_should_stop()) {
		((void (*)(void))count)();
		cond_resched();
	}
	return 0;
}

static void race_with(void (*count)(void))
{
	struct task_struct *other = kthread_create(race_thread, count, "planted");
	unsigned long end = jiffies + 2 * HZ;

	if (IS_ERR(other))
		return;
	kthread_bind(other, 1);
	wake_up_process(other);
	while (time_before(jiffies, end)) {
		count_up();
		cond_resched();
	}
	kthread_stop(other);
}

static void race(void)
{
	race_with(count_up);
}

static void race_of_unknown_origin(void)
{
	race_with(count_up_unseen);
}

static const struct {
	const char *name;
	void (*plant)(void);
} faults[] = {
	{ "slab_out_of_bounds", slab_out_of_bounds },
	{ "slab_after_free", slab_after_free },
	{ "vmalloc_out_of_bounds", vmalloc_out_of_bounds },
	{ "stack_out_of_bounds", stack_out_of_bounds },
	{ "array_index", array_index },
	{ "shift", shift },
	{ "lock_order", lock_order },
	{ "lock_nesting", lock_nesting },
	{ "rcu_without_lock", rcu_without_lock },
	{ "sleep_in_atomic", sleep_in_atomic },
	{ "cpu_in_preemptible", cpu_in_preemptible },
	{ "freed_timer", freed_timer },
	{ "leak", leak },
	{ "soft_lockup", soft_lockup },
	{ "hard_lockup", hard_lockup },
	{ "race", race },
	{ "race_of_unknown_origin", race_of_unknown_origin },
};

static int __init planted_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		if (!strcmp(faults[i].name, fault)) {
			faults[i].plant();
			return 0;
		}
	}
	return -EINVAL;
}

static void __exit planted_exit(void)
{
}

module_init(planted_init);
module_exit(planted_exit);

MODULE_DESCRIPTION("Faults for detectors to find, for the tests of profbuf");
MODULE_LICENSE("GPL");
