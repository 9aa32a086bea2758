/*
 * A plain open loop on a thread that sleeps: one epoll instance, one timer set once for each planned time, a write for each request and a read for
 * each reply, and no account of anything. It tells whether loadgen pays for its accounts or for its calls. It is no lower bound: loadgen, which makes
 * the same calls and keeps accounts besides, was measured below it.
 *
 *   cc -O2 -o /tmp/plain plain.c -lm
 *   taskset -c 1 /tmp/plain HOST PORT PID CONNECTIONS RATE SECONDS
 *
 * It prints its own CPU time for a request, that of the server's threads, and their quotient. With 0 connections it asks nobody and only sleeps
 * until each planned time, and no client that sleeps until then can cost less:
 *
 *   taskset -c 1 /tmp/plain - 0 self 0 RATE SECONDS
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { bytes = 64, alarm_number = -1 };

static void check(int ok, const char *what)
{
	if (!ok) {
		perror(what);
		exit(1);
	}
}

static int64_t now(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* cpu_of is the run time of all threads of a process, in ns. */
static int64_t cpu_of(const char *pid)
{
	char path[300];
	int64_t sum = 0;
	snprintf(path, sizeof path, "/proc/%s/task", pid);
	DIR *threads = opendir(path);
	check(threads != NULL, path);
	for (struct dirent *d; (d = readdir(threads));) {
		if (d->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "/proc/%s/task/%s/schedstat", pid, d->d_name);
		FILE *f = fopen(path, "r");
		long long ran = 0;
		if (f && fscanf(f, "%lld", &ran) == 1)
			sum += ran;
		if (f)
			fclose(f);
	}
	closedir(threads);
	return sum;
}

static int dial(const char *host, int port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
	inet_pton(AF_INET, host, &to.sin_addr);
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
	check(fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0, "connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

int main(int argc, char **argv)
{
	if (argc != 7) {
		fprintf(stderr, "usage: %s HOST PORT PID CONNECTIONS RATE SECONDS\n", argv[0]);
		return 2;
	}
	int conns = atoi(argv[4]), epoll = epoll_create1(0), timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	double gap = 1e9 / atof(argv[5]);
	int *fds = malloc(conns * sizeof *fds);
	struct epoll_event events[256], e = {.events = EPOLLIN, .data.fd = alarm_number};
	check(fds && epoll >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &e) == 0, "epoll");
	for (int i = 0; i < conns; i++) {
		e.data.fd = fds[i] = dial(argv[1], atoi(argv[2]));
		check(epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i], &e) == 0, "epoll_ctl");
	}
	char request[bytes] = "request", reply[65536];
	int64_t sent = 0, answered = 0, set = 0, server = cpu_of(argv[3]), own = now(CLOCK_PROCESS_CPUTIME_ID);
	int64_t next = now(CLOCK_MONOTONIC), end = next + (int64_t)(atof(argv[6]) * 1e9);
	srand48(1);
	for (int64_t t; (t = now(CLOCK_MONOTONIC)) < end;) {
		while (next <= t) {
			if (conns > 0)
				check(write(fds[sent % conns], request, bytes) == bytes, "write");
			sent++;
			next += (int64_t)(-log1p(-drand48()) * gap);
		}
		if (set != next) {
			struct itimerspec at = {.it_value = {next / 1000000000, next % 1000000000}};
			check(timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL) == 0, "timerfd_settime");
			set = next;
		}
		for (int n = epoll_wait(epoll, events, 256, -1); n-- > 0;)
			if (events[n].data.fd != alarm_number)
				answered += read(events[n].data.fd, reply, sizeof reply) / bytes;
	}
	own = now(CLOCK_PROCESS_CPUTIME_ID) - own, server = cpu_of(argv[3]) - server;
	if (conns == 0) {
		printf("%.0f planned times/s, %.2f µs each\n", sent / atof(argv[6]), own / 1e3 / sent);
		return 0;
	}
	printf("%.0f requests/s, client %.2f µs a request, server %.2f µs, client ÷ server %.3f\n", answered / atof(argv[6]),
	       own / 1e3 / answered, server / 1e3 / answered, (double)own / server);
}
