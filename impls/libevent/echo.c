/*
 * The echo server on libevent's bufferevents, written with care.
 *
 * A bufferevent owns a socket and two buffers. libevent reads into the input and calls back; what is put
 * into the output it writes when epoll says that there is room. To echo is to move the input to the output, which
 * moves chunks of memory and copies nothing:
 *
 *	evbuffer_add_buffer(bufferevent_get_output(bev), bufferevent_get_input(bev));
 *
 * Tutorials end there, and -tutorial shows what comes of it. Care means four things more:
 *
 *   - Back-pressure. libevent reads on whatever stands in the output, so reading is switched off above a high mark
 *     and on again when the output has fallen to a low one.
 *   - Half-close. Freeing a bufferevent drops its output. At the end of a client's stream the connection is
 *     freed only once the output is empty.
 *   - Survival. SIGPIPE is ignored. When descriptors run out, the listener would stay readable and the loop would
 *     spin on it, so accepting pauses.
 *   - A stop that loses nothing: see stop().
 *
 * What care cannot change: libevent 2.1 reads at most 4096 bytes at a time (EVBUFFER_MAX_READ) after asking how
 * many there are, and it never writes at once but asks epoll for room first: seven system calls for a small echo
 * where three would do.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/sockios.h>
#endif

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <event2/util.h>

enum {
	BACKLOG = 4096,		/* the kernel lowers it to net.core.somaxconn */
	READ_SIZE = 64 << 10,	/* asked for, as in every server of the comparison; see above for what is given */
	HIGH_MARK = 256 << 10,	/* four times the largest message of the comparison: only a stalled client gets there */
	LOW_MARK = 64 << 10,	/* one write: reading resumes before the socket could run dry */
	FIRST_PAUSE = 5,	/* of accepting, in milliseconds; doubled each time ... */
	LONGEST_PAUSE = 1000,	/* ... up to this */
	SILENCE = 100,		/* milliseconds after which nothing more is on its way to a server that stops */
	DRAIN_TIME = 5000,	/* milliseconds that the server contract grants to clients that still read at SIGTERM */
};

/* A loop is an event base with everything that belongs to it. Each has a thread to itself, and no thread touches
 * another's, which is why libevent's locks can stay off. */
struct loop {
	struct event_base *base;
	struct evconnlistener *listener;
	struct event *resume;	/* ends a pause of accepting */
	int pause;		/* length of the last one; 0 once a connection has been accepted again */
	struct event *stop;	/* the stop pipe has been closed */
	struct event *sweep;	/* looks again for connections that have everything */
	struct event *deadline;
	bool stopping;
	LIST_HEAD(, connection) connections;
};

struct connection {
	struct bufferevent *bev;
	struct loop *loop;
	bool paused;	/* not read, for its output is above the high mark */
	bool finished;	/* its client's stream has ended; to be freed when the output is empty */
	bool moved;	/* something was echoed since the last sweep */
	LIST_ENTRY(connection) entry;
};

static bool tutorial;
static struct timeval idle_timeout;	/* zero: a silent client may stay for ever */
static int stop_pipe[2];	/* closing [1] tells every loop to stop */
static const char *socket_file;	/* to be removed at the end */

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "libevent: %s: %s\n", what, why);
	exit(1);
}

static struct timeval milliseconds(int n)
{
	return (struct timeval){ .tv_sec = n / 1000, .tv_usec = n % 1000 * 1000 };
}

/* Reads a duration as 1s or 250ms. */
static struct timeval duration(const char *text)
{
	char *unit;
	long n = strtol(text, &unit, 10);

	if (n < 0 || unit == text || (strcmp(unit, "s") && strcmp(unit, "ms") && (n || *unit)))
		fail(text, "want a time such as 1s or 250ms");
	return milliseconds(*unit == 's' ? 1000 * n : n);
}

static void start_timer(struct event *timer, int after)
{
	struct timeval interval = milliseconds(after);
	event_add(timer, &interval);
}

/* ---- A connection ---- */

static size_t pending(struct connection *c)
{
	return evbuffer_get_length(bufferevent_get_output(c->bev));
}

static void connection_free(struct connection *c)
{
	struct loop *loop = c->loop;

	LIST_REMOVE(c, entry);
	bufferevent_free(c->bev);
	free(c);
	if (loop->stopping && LIST_EMPTY(&loop->connections))
		event_base_loopexit(loop->base, NULL);
}

static void on_read(struct bufferevent *bev, void *context)
{
	struct connection *c = context;

	evbuffer_add_buffer(bufferevent_get_output(bev), bufferevent_get_input(bev));
	c->moved = true;
	if (pending(c) > HIGH_MARK) {
		c->paused = true;
		bufferevent_disable(bev, EV_READ);
	}
}

/* Called after each write that leaves no more than the low mark. */
static void on_write(struct bufferevent *bev, void *context)
{
	struct connection *c = context;

	if (c->finished && pending(c) == 0) {
		connection_free(c);
	} else if (c->paused) {
		c->paused = false;
		bufferevent_enable(bev, EV_READ);
	}
}

/* The end of the stream comes after everything before it has been read; on_read has moved all of it. A silence that was
 * too long is the same, and libevent no longer reads after it; it does not count while reading is switched off, nor if bytes
 * came while the whole process was stopped: libevent looks at its timers first then. */
static void on_event(struct bufferevent *bev, short what, void *context)
{
	struct connection *c = context;
	char one;

	if ((what & BEV_EVENT_TIMEOUT) && recv(bufferevent_getfd(bev), &one, 1, MSG_PEEK | MSG_DONTWAIT) > 0) {
		bufferevent_enable(bev, EV_READ);
		return;
	}
	c->finished = true;
	if ((what & BEV_EVENT_ERROR) || pending(c) == 0)
		connection_free(c);
}

static void serve(struct loop *loop, evutil_socket_t fd)
{
	struct bufferevent *bev = bufferevent_socket_new(loop->base, fd, BEV_OPT_CLOSE_ON_FREE);
	struct connection *c = calloc(1, sizeof *c);

	if (!bev || !c) {
		if (bev)
			bufferevent_free(bev);
		else
			close(fd);
		free(c);
		return;
	}
	c->bev = bev;
	c->loop = loop;
	LIST_INSERT_HEAD(&loop->connections, c, entry);
	bufferevent_set_max_single_read(bev, READ_SIZE);
	bufferevent_set_max_single_write(bev, READ_SIZE);
	bufferevent_setwatermark(bev, EV_WRITE, LOW_MARK, 0);
	bufferevent_setcb(bev, on_read, on_write, on_event, c);
	if (evutil_timerisset(&idle_timeout))
		bufferevent_set_timeouts(bev, &idle_timeout, NULL);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
}

/* ---- The same as tutorials have it ---- */

static void tutorial_on_read(struct bufferevent *bev, void *context)
{
	(void)context;
	evbuffer_add_buffer(bufferevent_get_output(bev), bufferevent_get_input(bev));
}

static void tutorial_on_event(struct bufferevent *bev, short what, void *context)
{
	(void)context;
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		bufferevent_free(bev);
}

static void tutorial_serve(struct loop *loop, evutil_socket_t fd)
{
	struct bufferevent *bev = bufferevent_socket_new(loop->base, fd, BEV_OPT_CLOSE_ON_FREE);

	bufferevent_setcb(bev, tutorial_on_read, NULL, tutorial_on_event, NULL);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
}

/* ---- Accepting ---- */

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *peer, int length, void *context)
{
	struct loop *loop = context;

	(void)listener, (void)peer, (void)length;
	loop->pause = 0;
	if (tutorial)
		tutorial_serve(loop, fd);
	else
		serve(loop, fd);
}

/* Trying again at once would fail again at once. libevent itself retries what only one connection suffered from. */
static void on_accept_error(struct evconnlistener *listener, void *context)
{
	struct loop *loop = context;

	if (loop->pause == 0)
		fprintf(stderr, "libevent: accept: %s; pausing\n", strerror(errno));
	loop->pause = loop->pause ? 2 * loop->pause : FIRST_PAUSE;
	if (loop->pause > LONGEST_PAUSE)
		loop->pause = LONGEST_PAUSE;
	evconnlistener_disable(listener);
	start_timer(loop->resume, loop->pause);
}

static void on_resume(evutil_socket_t fd, short what, void *context)
{
	struct loop *loop = context;

	(void)fd, (void)what;
	evconnlistener_enable(loop->listener);
}

/* ---- Stopping ---- */

/* What the kernel still keeps for a client that has not taken it. Elsewhere than on Linux nobody tells. */
static int queued(struct connection *c)
{
	int bytes = 0;
#ifdef SIOCOUTQ
	ioctl(bufferevent_getfd(c->bev), SIOCOUTQ, &bytes);
#endif
	return bytes;
}

/* Shuts the receiving side of every connection that is idle. It yields what has already arrived and then the end of
 * the stream, as if its client had finished. One with output pending is spared until that has been delivered: behind it
 * more is on its way, from a client that was made to wait. */
static void on_sweep(evutil_socket_t fd, short what, void *context)
{
	struct loop *loop = context;
	struct connection *c;

	(void)fd, (void)what;
	LIST_FOREACH(c, &loop->connections, entry) {
		if (!c->moved && pending(c) == 0 && queued(c) == 0)
			shutdown(bufferevent_getfd(c->bev), SHUT_RD);
		c->moved = false;
	}
}

static void on_deadline(evutil_socket_t fd, short what, void *context)
{
	struct loop *loop = context;

	(void)fd, (void)what;
	event_base_loopbreak(loop->base);
}

static void on_stop(evutil_socket_t fd, short what, void *context)
{
	struct loop *loop = context;
	struct connection *c;

	(void)fd, (void)what;
	loop->stopping = true;
	event_del(loop->stop);
	event_del(loop->resume);
	evconnlistener_free(loop->listener);
	if (LIST_EMPTY(&loop->connections)) { /* and the tutorial keeps no list */
		event_base_loopexit(loop->base, NULL);
		return;
	}
	LIST_FOREACH(c, &loop->connections, entry)
		c->moved = false;
	on_sweep(-1, 0, loop);
	start_timer(loop->sweep, SILENCE);
	start_timer(loop->deadline, DRAIN_TIME);
}

static struct event *signals[2];

static void on_signal(evutil_socket_t number, short what, void *context)
{
	(void)number, (void)what, (void)context;
	event_del(signals[0]); /* the next signal kills, as it would any program */
	event_del(signals[1]);
	close(stop_pipe[1]);
}

/* ---- Listening ---- */

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
	struct sockaddr_storage storage;
};

static socklen_t unix_address(const char *path, union address *address)
{
	if (strlen(path) >= sizeof address->un.sun_path)
		fail(path, "too long for the name of a socket");
	address->un.sun_family = AF_UNIX;
	strcpy(address->un.sun_path, path);
	return sizeof address->un;
}

static socklen_t tcp_address(const char *text, union address *address)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE }, *found;
	const char *colon = strrchr(text, ':');
	char host[256];
	int problem;

	if (!colon || colon - text >= (long)sizeof host)
		fail(text, "want HOST:PORT or unix:PATH");
	if (strtol(colon + 1, NULL, 10) > 65535) /* getaddrinfo would take the remainder */
		fail(text, "no such port");
	if (text[0] == '[' && colon[-1] == ']')
		snprintf(host, sizeof host, "%.*s", (int)(colon - text) - 2, text + 1);
	else
		snprintf(host, sizeof host, "%.*s", (int)(colon - text), text);
	problem = getaddrinfo(host[0] ? host : NULL, colon + 1, &hints, &found);
	if (problem)
		fail(text, gai_strerror(problem));
	memcpy(address, found->ai_addr, found->ai_addrlen);
	return found->ai_addrlen;
}

/* Tells whether a socket file is a left-over: its name exists, but a connection is refused. */
static bool abandoned(union address *address, socklen_t length)
{
	int probe = socket(AF_UNIX, SOCK_STREAM, 0);
	bool refused = connect(probe, &address->any, length) < 0 && errno == ECONNREFUSED;

	close(probe);
	return refused;
}

/* With one loop the port is taken in the plain way. With several, each listens for itself and the kernel deals by
 * SO_REUSEPORT, the one way to spread connections over bases that share nothing. */
static void listen_on(struct loop *loop, const char *text, union address *address, socklen_t length, bool shared)
{
	unsigned flags = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE;
	int fd, on = 1, off = 0;

	if (shared)
		flags |= LEV_OPT_REUSEABLE_PORT;
	if (address->any.sa_family == AF_UNIX && abandoned(address, length))
		unlink(address->un.sun_path);
	loop->listener = evconnlistener_new_bind(loop->base, on_accept, loop, flags, BACKLOG, &address->any, length);
	if (!loop->listener)
		fail(text, strerror(errno));
	if (!tutorial)
		evconnlistener_set_error_cb(loop->listener, on_accept_error);

	fd = evconnlistener_get_fd(loop->listener); /* accepted sockets inherit these options */
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &off, sizeof off);
	if (address->any.sa_family == AF_UNIX) {
		socket_file = strdup(address->un.sun_path);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	getsockname(fd, &address->any, &length); /* the next loop shall have the same port */
}

static void announce(const union address *address)
{
	char text[INET6_ADDRSTRLEN];

	switch (address->any.sa_family) {
	case AF_INET:
		evutil_inet_ntop(AF_INET, &address->in.sin_addr, text, sizeof text);
		printf("listening %s:%d\n", text, ntohs(address->in.sin_port));
		break;
	case AF_INET6:
		evutil_inet_ntop(AF_INET6, &address->in6.sin6_addr, text, sizeof text);
		printf("listening [%s]:%d\n", text, ntohs(address->in6.sin6_port));
		break;
	default:
		printf("listening unix:%s\n", address->un.sun_path);
	}
	fflush(stdout);
}

/* ---- The whole ---- */

static void prepare(struct loop *loop)
{
	loop->base = event_base_new();
	if (!loop->base)
		fail("event_base_new", strerror(errno));
	LIST_INIT(&loop->connections);
	loop->resume = evtimer_new(loop->base, on_resume, loop);
	loop->sweep = event_new(loop->base, -1, EV_PERSIST, on_sweep, loop);
	loop->deadline = evtimer_new(loop->base, on_deadline, loop);
	loop->stop = event_new(loop->base, stop_pipe[0], EV_READ | EV_PERSIST, on_stop, loop);
	event_add(loop->stop, NULL);
}

static void *run(void *context)
{
	struct loop *loop = context;

	event_base_dispatch(loop->base);
	return NULL;
}

/* A descriptor below 3 that was closed would become a socket, and a message for the log would reach a client. */
static void occupy_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= 2);
	close(fd);
}

static void handle_signals(struct event_base *base)
{
	static const int numbers[2] = { SIGTERM, SIGINT };

	for (int i = 0; i < 2; i++) {
		signals[i] = evsignal_new(base, numbers[i], on_signal, NULL);
		event_add(signals[i], NULL);
	}
	if (!tutorial)
		signal(SIGPIPE, SIG_IGN);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "addr", required_argument, NULL, 'a' }, { "loops", required_argument, NULL, 'l' },
		{ "idle-timeout", required_argument, NULL, 'i' }, { "tutorial", no_argument, NULL, 't' },
		{ "h", no_argument, NULL, 'h' }, { 0 },
	};
	const char *addr = "127.0.0.1:0";
	union address address = { 0 };
	socklen_t length;
	int loops = 1, option;

	occupy_standard_descriptors();
	while ((option = getopt_long_only(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'a': addr = optarg; break;
		case 'l': loops = atoi(optarg); break;
		case 'i': idle_timeout = duration(optarg); break;
		case 't': tutorial = true; break;
		case 'h':
			puts("echo [-addr HOST:PORT|unix:PATH] [-loops N, each a thread with a base of its own] [-idle-timeout SECONDSs|MILLISECONDSms] [-tutorial]");
			return 0;
		default: return 2;
		}
	}
	bool is_unix = strncmp(addr, "unix:", 5) == 0;
	if (loops < 1 || optind < argc || (is_unix && loops > 1)) {
		fputs("libevent: want -loops of at least 1 (1 with unix:PATH) and no arguments\n", stderr);
		return 2;
	}

	if (pipe2(stop_pipe, O_CLOEXEC | O_NONBLOCK))
		fail("pipe", strerror(errno));
	length = is_unix ? unix_address(addr + 5, &address) : tcp_address(addr, &address);
	struct loop *loop = calloc(loops, sizeof *loop);
	for (int i = 0; i < loops; i++) {
		prepare(&loop[i]);
		listen_on(&loop[i], addr, &address, length, loops > 1);
	}
	handle_signals(loop[0].base);
	announce(&address);

	pthread_t *thread = calloc(loops, sizeof *thread);
	for (int i = 1; i < loops; i++)
		pthread_create(&thread[i], NULL, run, &loop[i]);
	run(&loop[0]);
	for (int i = 1; i < loops; i++)
		pthread_join(thread[i], NULL);
	if (socket_file)
		unlink(socket_file);
	return 0;
}
