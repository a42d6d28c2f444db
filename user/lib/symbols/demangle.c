// SPDX-License-Identifier: GPL-2.0-only
/*
 * demangle.c - demangle C++ and Rust names
 */
#include <ctype.h>
#include <libiberty/demangle.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "demangle.h"

#define MS		1000000L
#define ALLOWED		(20 * MS)	/* CPU time for one name; usual names take microseconds */
#define ALLOWED_LATE	(1 * MS)	/* after all names of a report together took SPENT_MAX */
#define SPENT_MAX	(2000 * MS)

/* C++: about ten more bytes can double the work. A shorter name takes less time than setting a timer. */
#define SHORT_BYTES	64

static __thread struct demangler *volatile running;	/* the one that this thread uses under the timer */
static int timer_signal;				/* 0: no signal is free */

static void on_timer(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	if (running && info->si_code == SI_TIMER && info->si_value.sival_ptr == running)
		siglongjmp(running->out, 1);
}

/*
 * Chooses the last real-time signal that the program does not use. SA_NODEFER: the handler does not return, so the
 * signal must not stay blocked.
 */
static void choose_signal(void)
{
	struct sigaction own = { .sa_sigaction = on_timer, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART }, old;

	for (int i = SIGRTMAX; i >= SIGRTMIN && !timer_signal; i--) {
		if (!sigaction(i, NULL, &old) && !(old.sa_flags & SA_SIGINFO) && old.sa_handler == SIG_DFL &&
		    !sigaction(i, &own, NULL))
			timer_signal = i;
	}
}

static bool make_timer(struct demangler *d)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_value.sival_ptr = d };

	if (d->has_timer && pthread_equal(d->thread, pthread_self()))
		return true;
	demangler_exit(d);
	pthread_once(&once, choose_signal);
	event.sigev_signo = timer_signal;
	event._sigev_un._tid = gettid();
	d->has_timer = timer_signal && !timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &d->timer);
	d->thread = pthread_self();
	return d->has_timer;
}

static void add(struct demangler *d, const char *text, size_t n)
{
	if (n > SYMBOL_NAME_MAX - d->n)
		n = SYMBOL_NAME_MAX + 1 - d->n;		/* one byte more than there is room for */
	if (d->n + n <= SYMBOL_NAME_MAX && n)
		memcpy(d->text + d->n, text, n);
	d->n += n;
}

static bool is_full(const struct demangler *d)
{
	return d->n > SYMBOL_NAME_MAX;
}

/* Rust */

/* Jumps only at punctuation, between two identifiers: while libiberty prints an identifier, it may hold memory. */
static void add_rust(const char *text, size_t n, void *demangler)
{
	struct demangler *d = demangler;

	if (is_full(d) && n && isascii(*text) && !isalnum(*text) && *text != '_')
		siglongjmp(d->out, 1);
	if (!is_full(d))
		add(d, text, n);
}

/* C++ */

/* May jump at any time: for C++ libiberty allocates no memory. */
static void add_cxx(const char *text, size_t n, void *demangler)
{
	struct demangler *d = demangler;

	add(d, text, n);
	if (is_full(d))
		siglongjmp(d->out, 1);
}

/* Prints a name, under a timer or not. False: the name is not mangled in this way, or is too long. */

static bool print_name(struct demangler *d, const char *name, bool rust)
{
	if (rust)
		return rust_demangle_callback(name, DMGL_AUTO, add_rust, d) && !is_full(d);
	return cplus_demangle_v3_callback(name, DMGL_AUTO, add_cxx, d);
}

static bool demangle_at_once(struct demangler *d, const char *name, bool rust)
{
	d->n = 0;
	if (sigsetjmp(d->out, 0))
		return false;
	return print_name(d, name, rust);
}

static void set_timer(struct demangler *d, long ns, long *left)
{
	struct itimerspec want = { .it_value.tv_nsec = ns }, before;

	timer_settime(d->timer, 0, &want, &before);
	*left = before.it_value.tv_nsec;
}

/* The timer is set and stopped within this function, so its handler always has this frame to jump to. */
static bool print_in_time(struct demangler *d, const char *name, bool rust, long allowed, long *left)
{
	volatile bool done = false;

	d->n = 0;
	if (!sigsetjmp(d->out, 0)) {
		running = d;
		set_timer(d, allowed, left);
		done = print_name(d, name, rust);
	}
	running = NULL;
	set_timer(d, 0, left);
	return done;
}

static bool demangle_in_time(struct demangler *d, const char *name, bool rust, unsigned int *timeouts)
{
	long allowed = d->spent < SPENT_MAX ? ALLOWED : ALLOWED_LATE, left;
	sigset_t ours, before;
	bool done;

	if (*timeouts >= DEMANGLE_TIMEOUTS_MAX || !make_timer(d))
		return false;
	sigemptyset(&ours);
	sigaddset(&ours, timer_signal);
	pthread_sigmask(SIG_UNBLOCK, &ours, &before);
	done = print_in_time(d, name, rust, allowed, &left);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	/* An expired timer has no time left. */
	*timeouts += !left;
	d->spent += allowed - left;
	return done;
}

/* Whether the name may have an identifier in punycode, for which libiberty allocates memory. */
static bool may_take_memory(const char *name)
{
	while ((name = strchr(name, 'u')) && !isdigit((unsigned char)*++name))
		;
	return name;
}

/*
 * Whether the name may have "G", a number in base 62 of more than two digits, "_": so many lifetimes. Two digits mean a
 * few thousand at most.
 */
static bool may_have_many_lifetimes(const char *name)
{
	while ((name = strchr(name, 'G'))) {
		const char *digits = ++name;

		while (isalnum((unsigned char)*digits))
			digits++;
		if (*digits == '_' && digits - name > 2)
			return true;
	}
	return false;
}

/*
 * For Rust's current mangling (_R). libiberty prints all that it expands, so the bound of the output bounds the work,
 * except for lifetimes, which it counts without printing. If libiberty may allocate memory, no timer is used: the
 * handler must not jump out of malloc().
 */
static bool demangle_rust(struct demangler *d, const char *name, unsigned int *timeouts)
{
	if (!may_take_memory(name))
		return demangle_in_time(d, name, true, timeouts);
	return !may_have_many_lifetimes(name) && demangle_at_once(d, name, true);
}

static bool demangle_cxx(struct demangler *d, const char *name, unsigned int *timeouts)
{
	if (strlen(name) < SHORT_BYTES)
		return demangle_at_once(d, name, false);
	return demangle_in_time(d, name, false, timeouts);
}

const char *demangle(struct demangler *d, const char *name, unsigned int *timeouts)
{
	size_t bytes = strnlen(name, SYMBOL_NAME_MAX + 1);
	bool done;

	/* _Z is C++ or older Rust; _R is Rust. Other names stay: a C name may look like a mangled name of D. */
	if (bytes > SYMBOL_NAME_MAX || (strncmp(name, "_Z", 2) && strncmp(name, "_R", 2)))
		return NULL;
	if (name[1] == 'R')
		done = demangle_rust(d, name, timeouts);
	else
		done = demangle_at_once(d, name, true) || demangle_cxx(d, name, timeouts);
	if (!done || !d->n)
		return NULL;
	d->text[d->n] = 0;
	return d->text;
}

void demangler_exit(struct demangler *d)
{
	if (d->has_timer)
		timer_delete(d->timer);
	d->has_timer = false;
}
