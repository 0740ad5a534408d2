/*
 * The private redis-server: its directory, its configuration, its life. Never
 * touches a server that it did not start.
 */
#include "cmd/own_redis.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "broker/client.h"
#include "cmd/own_redis_file.h"
#include "exec/program.h"
#include "exec/spawn.h"
#include "master/master.h"

#define START_SECONDS 30.0
#define AGAIN_SECONDS 0.5
#define SOCKET_MAX    100

struct own_redis {
	char dir[400];
	char url[480];
	struct program_command command;
	int lock;
	pid_t pid; /* 0: not running */
	struct master *master;
	struct loop_timer *again;
};

const char *own_redis_url(const struct own_redis *redis)
{
	return redis->url;
}

/* --- Directory ------------------------------------------------------------------- */

static int make_path(const char *path)
{
	char text[440];
	char *slash;

	snprintf(text, sizeof(text), "%s", path);
	for (slash = text + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		if (mkdir(text, 0755) && errno != EEXIST)
			return -1;
		*slash = '/';
	}
	return mkdir(text, 0700) && errno != EEXIST ? -1 : 0;
}

static void state_directory(char out[400])
{
	const char *state = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");

	if (state && state[0] == '/')
		snprintf(out, 400, "%.380s/cherry", state);
	else if (home && home[0] == '/')
		snprintf(out, 400, "%.370s/.local/state/cherry", home);
	else
		snprintf(out, 400, "/var/lib/cherry");
}

static int open_directory(struct own_redis *redis, const char *dir,
			  struct err *err)
{
	char path[440], *real;
	struct stat st;

	if (dir && dir[0])
		snprintf(path, sizeof(path), "%.390s", dir);
	else
		state_directory(path);
	real = make_path(path) ? NULL : realpath(path, NULL);
	snprintf(redis->dir, sizeof(redis->dir), "%s", real ? real : "");
	free(real);
	if (!redis->dir[0] || stat(redis->dir, &st))
		return err_set(err, ERR_INTERNAL, "%s: %s", path,
			       strerror(errno));
	if (st.st_uid != geteuid() || (st.st_mode & 077))
		return err_set(err, ERR_REFUSED,
			       "%s must be ours and mode 0700: what is in it "
			       "is for nobody else",
			       redis->dir);
	if (strlen(redis->dir) > SOCKET_MAX - sizeof("/redis.sock"))
		return err_set(err, ERR_REFUSED,
			       "%s is too long a path for a Unix socket",
			       redis->dir);
	snprintf(path, sizeof(path), "%s/lock", redis->dir);
	redis->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (redis->lock < 0)
		return err_set(err, ERR_INTERNAL, "%s: %s", path,
			       strerror(errno));
	if (flock(redis->lock, LOCK_EX | LOCK_NB))
		return err_set(err, ERR_REFUSED,
			       "another cherry has its Redis in %s",
			       redis->dir);
	return 0;
}

static int write_configuration(const struct own_redis *redis, struct err *err)
{
	char path[440];
	FILE *file;

	snprintf(path, sizeof(path), "%s/redis.conf", redis->dir);
	file = fopen(path, "we");
	if (!file)
		return err_set(err, ERR_INTERNAL, "%s: %s", path,
			       strerror(errno));
	fprintf(file,
		"# Written by cherry at every start.\n"
		"port 0\n"
		"unixsocket \"%s/redis.sock\"\n"
		"unixsocketperm 700\n"
		"dir \"%s\"\n"
		"appendonly yes\n"
		"appendfsync everysec\n"
		"save \"\"\n"
		"maxmemory-policy noeviction\n"
		"daemonize no\n"
		"logfile \"%s/redis.log\"\n",
		redis->dir, redis->dir, redis->dir);
	if (fclose(file))
		return err_set(err, ERR_INTERNAL, "%s: %s", path,
			       strerror(errno));
	return 0;
}

/* --- Process ---------------------------------------------------------------------- */

/* Where it cannot be mended Redis decides whether it starts. */
static void mend_file(const struct own_redis *redis)
{
	struct err err = ERR_INIT;
	int64_t cut = own_redis_file_mend(redis->dir, &err);

	if (cut < 0)
		log_error("own_redis_file", LOG_TEXT("why", err.message));
	else if (cut > 0)
		log_warn("own_redis_file_cut", LOG_INT("bytes", cut),
			 LOG_TEXT("why", "the last write was cut short, and "
					 "never acknowledged"));
}

static int start_process(struct own_redis *redis, struct err *err)
{
	char conf[440];
	char *argv[] = {(char[]){"redis-server"}, conf, NULL};
	char *envp[] = {NULL};
	int fds[3] = {-1, -1, STDERR_FILENO};
	struct spawn_options options = {.path = redis->command.path,
					.argv = argv,
					.envp = envp,
					.fds = fds,
					.fd_count = 3,
					.session = true,
					.death_signal = SIGTERM};

	mend_file(redis);
	snprintf(conf, sizeof(conf), "%s/redis.conf", redis->dir);
	redis->pid = spawn_run(&options, err);
	if (redis->pid < 0) {
		redis->pid = 0;
		return -1;
	}
	return 0;
}

static bool answers(const struct own_redis *redis)
{
	struct err err = ERR_INIT;
	struct client *client = client_open(redis->url, NULL, 1, &err);
	struct client_reply *reply;
	bool good;

	if (!client)
		return false;
	reply = client_words(client, &err, (const char *[]){"PING", NULL});
	good = reply && client_reply_type(reply) == CLIENT_TEXT;
	client_reply_free(reply);
	client_free(client);
	return good;
}

/* A large append-only file takes its time to load. */
static int wait_for_answer(struct own_redis *redis, struct err *err)
{
	double end = clock_monotonic() + START_SECONDS;
	struct timespec pause = {0, 20000000};
	int status;

	while (!answers(redis)) {
		if (waitpid(redis->pid, &status, WNOHANG) == redis->pid) {
			redis->pid = 0;
			return err_set(err, ERR_INTERNAL,
				       "redis-server does not start: see "
				       "%s/redis.log",
				       redis->dir);
		}
		if (clock_monotonic() > end)
			return err_set(err, ERR_INTERNAL,
				       "redis-server does not answer: see "
				       "%s/redis.log",
				       redis->dir);
		nanosleep(&pause, NULL);
	}
	return 0;
}

static void say_how(const struct own_redis *redis)
{
	printf("export REDIS_URL=%s\n"
	       "redis-cli -s %s/redis.sock LPUSH tasks "
	       "'{\"task\":\"echo\",\"args\":{\"hello\":\"world\"},"
	       "\"reply_to\":\"r:1\"}'\n"
	       "redis-cli -s %s/redis.sock BLPOP r:1 30\n",
	       redis->url, redis->dir, redis->dir);
	fflush(stdout);
}

struct own_redis *own_redis_start(const char *dir, struct err *err)
{
	struct own_redis *redis = xcalloc(1, sizeof(*redis));
	struct err cause = ERR_INIT;

	redis->lock = -1;
	if (program_command_read("redis-server", NULL, &redis->command,
				 &cause)) {
		free(redis);
		err_set(err, ERR_NOT_FOUND,
			"redis-server is not installed: apt-get install "
			"redis-server");
		return NULL;
	}
	if (!open_directory(redis, dir, err)) {
		snprintf(redis->url, sizeof(redis->url), "unix://%s/redis.sock",
			 redis->dir);
		if (!write_configuration(redis, err) &&
		    !start_process(redis, err) &&
		    !wait_for_answer(redis, err)) {
			say_how(redis);
			return redis;
		}
	}
	own_redis_stop(redis);
	return NULL;
}

/* --- While the master runs --------------------------------------------------------- */

static void on_exit_status(void *arg, int status)
{
	struct own_redis *redis = arg;
	struct loop *loop = master_loop(redis->master);

	(void)status;
	redis->pid = 0;
	log_error("own_redis_died", LOG_NUM("again_in", AGAIN_SECONDS));
	loop->timer_set(redis->again, AGAIN_SECONDS);
}

static void on_again(void *arg)
{
	struct own_redis *redis = arg;
	struct loop *loop = master_loop(redis->master);
	struct err err = ERR_INIT;

	if (start_process(redis, &err)) {
		log_error("own_redis_failed", LOG_TEXT("why", err.message));
		loop->timer_set(redis->again, AGAIN_SECONDS * 4);
		return;
	}
	master_watch_child(redis->master, redis->pid, on_exit_status, redis);
}

void own_redis_watch(struct own_redis *redis, struct master *master)
{
	struct loop *loop;

	if (!redis)
		return;
	loop = master_loop(master);
	redis->master = master;
	redis->again = loop->timer_new(loop, on_again, redis);
	master_watch_child(master, redis->pid, on_exit_status, redis);
}

void own_redis_unwatch(struct own_redis *redis)
{
	if (redis && redis->again)
		master_loop(redis->master)->timer_free(redis->again);
	if (redis)
		redis->again = NULL;
}

void own_redis_stop(struct own_redis *redis)
{
	int status;

	if (!redis)
		return;
	if (redis->pid) {
		kill(redis->pid, SIGTERM);
		while (waitpid(redis->pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	if (redis->lock >= 0)
		close(redis->lock);
	program_command_release(&redis->command);
	free(redis);
}
