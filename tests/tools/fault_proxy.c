/*
 * A proxy between a client and Redis that speaks enough of its protocol to
 * break it on purpose.
 *
 *	fault_proxy LISTEN UPSTREAM	paths of Unix sockets
 *	fault_proxy tcp UPSTREAM	a port of 127.0.0.1 that is free
 *
 * Says "ready" (and the port) on standard output, then reads rules from standard
 * input, one a line, each in force until the next "clear":
 *
 *	error NAME EVERY TEXT	every EVERY-th command NAME (or * for any but
 *				AUTH and HELLO) is answered with -TEXT and not
 *				sent on; NAME|WORD, *|WORD only with that word
 *	reset BYTES		each connection is reset after so many bytes of
 *				replies from now on; in the middle of one, too
 *	reset_new BYTES		the same for those that are opened from now on
 *	latency MS		replies come later
 *	slice BYTES		replies come in pieces of so many bytes
 *	hang			nothing passes any more, either way, on the
 *				connections there are; new ones pass
 *	hang_new		the same for those that are opened from now on
 *	late BYTES		the client is cut off after so many bytes of
 *				requests, which reach the server 200 ms later
 *	clear			no rule is in force; what hangs goes on hanging
 *	status			nothing changes
 *	commands		one line for each command that was ever sent:
 *				its name, |WORD for CLIENT, |SCRIPT for EVAL
 *
 * Each is answered with "ok", a count of the errors given so far, and how often
 * the rules since the last "clear" have struck: errors, resets, cuts, replies
 * that came late or in pieces, connections that hang with bytes on the way.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "cherry/buf.h"
#include "proxy_rule.h"

#define LINKS_MAX 64
#define BUF_MAX	  ((size_t)1 << 30)
#define LATE	  0.2

/* One client and its server. */
struct link {
	int client, server;
	struct buf from_client, from_server;
	struct buf to_client, to_server;
	/* What the next replies are: errors of ours, or the server's. */
	char **errors;
	size_t waiting, size;
	bool hung, closing;
	double client_at; /* replies pass from then on */
	double close_at;  /* late: the server gets what it has until then */
	size_t reset_left, late_left;
	bool resets, lates;
};

static struct link *links[LINKS_MAX];
static const char *upstream;

/* --- Links ---------------------------------------------------------------------- */

static void push_expected(struct link *link, char *error)
{
	if (link->waiting == link->size) {
		link->size = link->size ? 2 * link->size : 64;
		link->errors =
			xrealloc(link->errors, link->size, sizeof(char *));
	}
	link->errors[link->waiting++] = error;
}

static void shift_expected(struct link *link)
{
	free(link->errors[0]);
	memmove(link->errors, link->errors + 1,
		--link->waiting * sizeof(char *));
}

static void close_link(size_t index, bool reset)
{
	struct link *link = links[index];
	struct linger linger = {1, 0};

	if (reset && link->client >= 0)
		setsockopt(link->client, SOL_SOCKET, SO_LINGER, &linger,
			   sizeof(linger));
	if (link->client >= 0)
		close(link->client);
	if (link->server >= 0)
		close(link->server);
	while (link->waiting)
		shift_expected(link);
	free(link->errors);
	buf_release(&link->from_client);
	buf_release(&link->from_server);
	buf_release(&link->to_client);
	buf_release(&link->to_server);
	free(link);
	links[index] = NULL;
}

static void take_commands(struct link *link)
{
	size_t len;

	while ((len = value_len(&link->from_client))) {
		if (rule_hits(&link->from_client)) {
			push_expected(link, xstrdup(rule.text));
		} else {
			push_expected(link, NULL);
			buf_add(&link->to_server, link->from_client.ptr, len);
		}
		buf_drop(&link->from_client, len);
	}
}

/* Replies in the order of their commands; what was not asked for (messages to
 * a subscriber) passes. */
static void take_replies(struct link *link)
{
	for (;;) {
		size_t len;

		if (link->waiting && link->errors[0]) {
			buf_printf(&link->to_client, "-%s\r\n",
				   link->errors[0]);
			shift_expected(link);
			continue;
		}
		len = value_len(&link->from_server);
		if (!len)
			break;
		buf_add(&link->to_client, link->from_server.ptr, len);
		buf_drop(&link->from_server, len);
		if (link->waiting)
			shift_expected(link);
	}
	if (link->to_client.len && rule.latency > 0 && link->client_at <= 0) {
		link->client_at = clock_monotonic() + rule.latency;
		rule.struck++;
	}
}

/* False: the link has ended. */
static bool read_some(int fd, struct buf *buf)
{
	char bytes[65536];
	ssize_t got = read(fd, bytes, sizeof(bytes));

	if (got > 0)
		buf_add(buf, bytes, (size_t)got);
	return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

static bool write_some(int fd, struct buf *buf, size_t most)
{
	size_t len = buf->len < most ? buf->len : most;
	ssize_t put = len ? send(fd, buf->ptr, len, MSG_NOSIGNAL) : 0;

	if (put > 0)
		buf_drop(buf, (size_t)put);
	return put >= 0 || errno == EAGAIN || errno == EINTR;
}

/* The client's side; false: reset it. */
static bool write_client(struct link *link)
{
	size_t most = rule.slice ? rule.slice : SIZE_MAX;
	size_t before = link->to_client.len;

	if (link->client_at > clock_monotonic())
		return true;
	link->client_at = 0;
	if (link->resets && most > link->reset_left)
		most = link->reset_left;
	if (!write_some(link->client, &link->to_client, most))
		return false;
	if (rule.slice && link->to_client.len)
		rule.struck++;
	if (!link->resets)
		return true;
	link->reset_left -= before - link->to_client.len;
	rule.struck += !link->reset_left;
	return link->reset_left > 0;
}

static void open_link(int listener)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	struct link *link;
	int client = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	int server = socket(AF_UNIX, SOCK_STREAM, 0);
	size_t i;

	snprintf(name.sun_path, sizeof(name.sun_path), "%s", upstream);
	for (i = 0; i < LINKS_MAX && links[i]; i++)
		;
	if (client < 0 || i == LINKS_MAX ||
	    connect(server, (struct sockaddr *)&name, sizeof(name))) {
		if (client >= 0)
			close(client);
		close(server);
		return;
	}
	fcntl(server, F_SETFL, O_NONBLOCK);
	link = xcalloc(1, sizeof(*link));
	link->client = client;
	link->server = server;
	buf_init(&link->from_client, BUF_MAX);
	buf_init(&link->from_server, BUF_MAX);
	buf_init(&link->to_client, BUF_MAX);
	buf_init(&link->to_server, BUF_MAX);
	link->resets = rule.resets_new;
	link->reset_left = rule.reset_new;
	link->hung = rule.hangs_new;
	/* Pieces of a reply are not to wait for one another's arrival. */
	setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	links[i] = link;
}

/* --- Rules ------------------------------------------------------------------------ */

static void clear_rules(void)
{
	size_t i;

	unsigned long given = rule.given;

	memset(&rule, 0, sizeof(rule));
	rule.given = given;
	for (i = 0; i < LINKS_MAX; i++) {
		if (links[i])
			links[i]->resets = links[i]->lates = false;
	}
}

static void set_each(size_t bytes, bool late, bool hang)
{
	size_t i;

	for (i = 0; i < LINKS_MAX; i++) {
		if (!links[i])
			continue;
		if (hang) {
			links[i]->hung = true;
		} else if (late) {
			links[i]->lates = true;
			links[i]->late_left = bytes;
		} else {
			links[i]->resets = true;
			links[i]->reset_left = bytes;
		}
	}
}

/* Connections that hang while somebody waits for an answer. */
static unsigned long count_hung(void)
{
	unsigned long count = 0;
	size_t i;

	for (i = 0; i < LINKS_MAX; i++) {
		int bytes = 0, more = 0;

		if (!links[i] || !links[i]->hung)
			continue;
		ioctl(links[i]->client, FIONREAD, &bytes);
		ioctl(links[i]->server, FIONREAD, &more);
		count += bytes > 0 || more > 0;
	}
	return count;
}

static void read_rule(char *line)
{
	size_t bytes;
	double ms;

	line[strcspn(line, "\n")] = '\0';
	if (!strcmp(line, "clear"))
		clear_rules();
	else if (sscanf(line, "error %63s %u %199[^\n]", rule.name, &rule.every,
			rule.text) == 3)
		rule.seen = 0;
	else if (sscanf(line, "reset %zu", &bytes) == 1)
		set_each(bytes, false, false);
	else if (sscanf(line, "late %zu", &bytes) == 1)
		set_each(bytes, true, false);
	else if (sscanf(line, "latency %lf", &ms) == 1)
		rule.latency = ms / 1000;
	else if (sscanf(line, "slice %zu", &bytes) == 1)
		rule.slice = bytes;
	else if (!strcmp(line, "hang"))
		set_each(0, false, true);
	else if (!strcmp(line, "hang_new"))
		rule.hangs_new = true;
	else if (sscanf(line, "reset_new %zu", &rule.reset_new) == 1)
		rule.resets_new = true;
	else if (!strcmp(line, "commands"))
		list_commands();
	else if (strcmp(line, "status") != 0)
		printf("unknown ");
	printf("ok %lu %lu\n", rule.given, rule.struck + count_hung());
	fflush(stdout);
}

/* --- Loop --------------------------------------------------------------------------- */

/* Cuts the client off in the middle of its requests; the server gets them when
 * everybody believes the connection dead. */
static void check_late(struct link *link, size_t got)
{
	if (!link->lates || link->close_at > 0)
		return;
	if (got < link->late_left) {
		link->late_left -= got;
		return;
	}
	close(link->client);
	link->client = -1;
	rule.struck++;
	link->close_at = clock_monotonic() + LATE;
}

/* False: the link has ended. */
static bool serve(struct link *link, short client, short server)
{
	double now = clock_monotonic();

	if (link->close_at > 0) {
		if (now < link->close_at)
			return true;
		take_commands(link);
		write_some(link->server, &link->to_server, SIZE_MAX);
		return false;
	}
	if (link->hung)
		return true;
	if (client & (POLLIN | POLLHUP)) {
		size_t before = link->from_client.len;

		if (!read_some(link->client, &link->from_client))
			return false;
		check_late(link, link->from_client.len - before);
		if (link->close_at > 0)
			return true;
	}
	if (server & (POLLIN | POLLHUP) &&
	    !read_some(link->server, &link->from_server))
		link->closing = true;
	take_commands(link);
	take_replies(link);
	if (!write_some(link->server, &link->to_server, SIZE_MAX) ||
	    !write_client(link))
		return false;
	return !link->closing || link->to_client.len > 0;
}

static int wait_ms(void)
{
	size_t i;

	for (i = 0; i < LINKS_MAX; i++) {
		if (links[i] &&
		    (links[i]->client_at > 0 || links[i]->close_at > 0 ||
		     links[i]->to_client.len))
			return 1;
	}
	return 1000;
}

static void turn(int listener)
{
	struct pollfd fds[2 * LINKS_MAX + 2] = {
		{.fd = listener, .events = POLLIN},
		{.fd = STDIN_FILENO, .events = POLLIN}};
	char line[300];
	size_t i;

	for (i = 0; i < LINKS_MAX; i++) {
		struct pollfd *two = &fds[2 + 2 * i];
		bool live =
			links[i] && !links[i]->hung && links[i]->close_at <= 0;

		two[0].fd = live ? links[i]->client : -1;
		two[1].fd = live ? links[i]->server : -1;
		two[0].events = two[1].events = POLLIN;
		if (live && links[i]->to_server.len)
			two[1].events |= POLLOUT;
	}
	if (poll(fds, 2 * LINKS_MAX + 2, wait_ms()) < 0)
		return;
	for (i = 0; i < LINKS_MAX; i++) {
		if (links[i] && !serve(links[i], fds[2 + 2 * i].revents,
				       fds[3 + 2 * i].revents))
			close_link(i, true);
	}
	if (fds[0].revents)
		open_link(listener);
	if (fds[1].revents) {
		if (!fgets(line, sizeof(line), stdin))
			exit(0);
		read_rule(line);
	}
}

static int listen_path(const char *path)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(name.sun_path, sizeof(name.sun_path), "%s", path);
	unlink(path);
	if (bind(listener, (struct sockaddr *)&name, sizeof(name)) ||
	    listen(listener, 100))
		return -1;
	printf("ready\n");
	return listener;
}

static int listen_port(void)
{
	struct sockaddr_in name = {.sin_family = AF_INET};
	socklen_t len = sizeof(name);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(listener, (struct sockaddr *)&name, sizeof(name)) ||
	    listen(listener, 100) ||
	    getsockname(listener, (struct sockaddr *)&name, &len))
		return -1;
	printf("ready %d\n", ntohs(name.sin_port));
	return listener;
}

int main(int argc, char **argv)
{
	int listener;

	if (argc != 3) {
		fprintf(stderr, "usage: fault_proxy LISTEN|tcp UPSTREAM\n");
		return 64;
	}
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdin, NULL, _IONBF, 0);
	upstream = argv[2];
	listener = strcmp(argv[1], "tcp") != 0 ? listen_path(argv[1])
					       : listen_port();
	if (listener < 0) {
		perror(argv[1]);
		return 1;
	}
	fflush(stdout);
	for (;;)
		turn(listener);
}
