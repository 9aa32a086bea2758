/*
 * The event loop alone, without sockets of TCP and without echo: how much libevent spends on telling that a descriptor is ready,
 * and on timers. The same sequences, with the same names and the same random numbers, are in impls/reactor/bench.
 *
 *	bench dispatch N A W   N socket pairs; A bytes travel W hops in all, from pair to pair; prints the time of the hops
 *	bench cascade N        N one-shot events with timeouts; one byte runs through all; adding the events is part of the time
 *	bench timers N         N timers pending: add, move, cancel, expire
 *	bench idle N           N descriptors with an idle timeout, each becomes active: the timeout starts anew each time
 *
 * Every line of output is STEP NANOSECONDS OPERATIONS, the nanoseconds of CPU time. The backend is chosen as always with libevent: EVENT_NOEPOLL=1, ...
 */
#include <event2/event.h>

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 7 };

static struct event_base *base;
static struct event **events;
static int (*pairs)[2];
static long count, left, arrived;

static void die(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* now is the CPU time of the process: on a machine that others use too, the time on the wall is mostly theirs. */
static int64_t now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void report(const char *step, int64_t since, long operations)
{
	printf("%s %lld %ld\n", step, (long long)(now() - since), operations);
}

/* random is xorshift64* (Vigna 2016), so that both programs draw the same deadlines. */
static uint64_t state = 88172645463325252u;

static uint64_t draw(uint64_t below)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 2685821657736338717u % below;
}

static void make_pairs(long n)
{
	struct rlimit limit;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	pairs = calloc(n, sizeof *pairs);
	events = calloc(n, sizeof *events);
	for (long i = 0; i < n; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pairs[i]) < 0)
			die("socketpair");
	}
	count = n;
}

static void send_to(long i)
{
	if (write(pairs[i][1], "e", 1) != 1)
		die("write");
}

static void hop(evutil_socket_t fd, short what, void *index)
{
	char byte;
	(void)what;
	if (read(fd, &byte, 1) != 1)
		die("read");
	arrived++;
	if (left > 0) {
		left--;
		send_to(((long)index + 1) % count);
	}
}

static void dispatch(long n, long active, long hops)
{
	make_pairs(n);
	for (long i = 0; i < n; i++) {
		events[i] = event_new(base, pairs[i][0], EV_READ | EV_PERSIST, hop, (void *)i);
		event_add(events[i], NULL);
	}
	for (int round = 0; round < ROUNDS; round++) {
		arrived = 0;
		left = hops - active;
		for (long i = 0; i < active; i++)
			send_to(i * (n / active));
		int64_t began = now();
		while (arrived < hops)
			event_base_loop(base, EVLOOP_ONCE);
		report("dispatch", began, hops);
	}
}

static void ripple(evutil_socket_t fd, short what, void *index)
{
	char byte;
	(void)what;
	if (read(fd, &byte, 1) != 1)
		die("read");
	arrived++;
	if ((long)index + 1 < count)
		send_to((long)index + 1);
}

static void cascade(long n)
{
	struct timeval minute = { 60, 0 };
	make_pairs(n);
	for (long i = 0; i < n; i++)
		events[i] = event_new(base, pairs[i][0], EV_READ, ripple, (void *)i);
	for (int round = 0; round < ROUNDS; round++) {
		arrived = 0;
		int64_t began = now();
		for (long i = 0; i < n; i++)
			event_add(events[i], &minute);
		send_to(0);
		while (arrived < n)
			event_base_loop(base, EVLOOP_ONCE);
		report("cascade", began, n);
	}
}

static void fired(evutil_socket_t fd, short what, void *unused)
{
	(void)fd, (void)what, (void)unused;
	arrived++;
}

/* add gives every timer a deadline between 60 and 120 s from now: none expires while it is measured. */
static void add_all(long n)
{
	for (long i = 0; i < n; i++) {
		struct timeval later;
		later.tv_sec = 60 + draw(60);
		later.tv_usec = draw(1000000);
		event_add(events[i], &later);
	}
}

static void timers(long n)
{
	events = calloc(n, sizeof *events);
	for (long i = 0; i < n; i++)
		events[i] = evtimer_new(base, fired, NULL);
	for (int round = 0; round < ROUNDS; round++) {
		int64_t began = now();
		add_all(n);
		report("add", began, n);
		began = now();
		add_all(n);
		report("move", began, n);
		began = now();
		for (long i = 0; i < n; i++)
			event_del(events[i]);
		report("cancel", began, n);

		arrived = 0;
		for (long i = 0; i < n; i++) {
			struct timeval soon = { 0, draw(1000) };
			event_add(events[i], &soon);
		}
		usleep(10000); /* all have come by now: what is measured is taking them out */
		began = now();
		while (arrived < n)
			event_base_loop(base, EVLOOP_ONCE);
		report("expire", began, n);
	}
}

static void idle(long n)
{
	struct timeval minute = { 60, 0 };
	make_pairs(n);
	for (long i = 0; i < n; i++) {
		events[i] = event_new(base, pairs[i][0], EV_READ | EV_PERSIST, fired, NULL);
		event_add(events[i], &minute);
	}
	for (int round = 0; round < ROUNDS; round++) {
		arrived = 0;
		int64_t began = now();
		for (long i = 0; i < n; i++)
			event_active(events[i], EV_READ, 1);
		event_base_loop(base, EVLOOP_NONBLOCK);
		report("idle", began, n);
		if (arrived != n) {
			fprintf(stderr, "bench: %ld callbacks of %ld events\n", arrived, n);
			exit(1);
		}
	}
}

int main(int argc, char **argv)
{
	long n = argc > 2 ? atol(argv[2]) : 0;
	if (n < 1)
		goto usage;
	base = event_base_new();
	if (!base)
		die("event_base_new");
	fprintf(stderr, "libevent %s, %s\n", event_get_version(), event_base_get_method(base));
	if (!strcmp(argv[1], "dispatch") && argc == 5)
		dispatch(n, atol(argv[3]), atol(argv[4]));
	else if (!strcmp(argv[1], "cascade"))
		cascade(n);
	else if (!strcmp(argv[1], "timers"))
		timers(n);
	else if (!strcmp(argv[1], "idle"))
		idle(n);
	else
		goto usage;
	return 0;
usage:
	fprintf(stderr, "usage: bench dispatch N ACTIVE HOPS | cascade N | timers N | idle N\n");
	return 2;
}
