/*
 * cherry doctor: is this Redis one that keeps its data, and may we use it?
 * Each check says what it found and what to do.
 */
#include "cmd/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include "broker/client.h"
#include "cmd/table.h"

static const struct cmd_option options[] = {
	ASK_OPTIONS,
	{"--json", NULL, "one JSON object"},
	{0},
};

static const char *const columns[] = {"check", "state", "found", "advice",
				      NULL};

struct doctor {
	struct ask ask;
	struct table table;
	char *info; /* text of INFO, each line ends in CR LF */
	bool bad;
};

enum finding { FINE, WARN, BAD };

static void note(struct doctor *doctor, const char *check, enum finding state,
		 const char *found, const char *advice)
{
	static const char *const names[] = {"ok", "warning", "bad"};

	table_text(&doctor->table, slice_text(check));
	table_text(&doctor->table, slice_text(names[state]));
	table_text(&doctor->table, slice_text(found));
	table_text(&doctor->table, slice_text(state == FINE ? "" : advice));
	doctor->bad |= state == BAD;
}

/* A field of INFO in `out`; empty where there is none. */
static const char *info_field(const struct doctor *doctor, const char *name,
			      char *out, size_t size)
{
	size_t len = strlen(name);
	const char *line = doctor->info;

	out[0] = '\0';
	for (; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, name, len) && line[len] == ':') {
			snprintf(out, size, "%.*s",
				 (int)strcspn(line + len + 1, "\r\n"),
				 line + len + 1);
			break;
		}
	}
	return out;
}

static void check_version(struct doctor *doctor)
{
	char version[40], found[64];
	int major = 0, minor = 0;

	info_field(doctor, "redis_version", version, sizeof(version));
	snprintf(found, sizeof(found), "Redis %s", version);
	if (sscanf(version, "%d.%d", &major, &minor) != 2)
		note(doctor, "version", WARN, "unknown",
		     "cherry needs the commands of Redis 6.2");
	else
		note(doctor, "version",
		     major > 6 || (major == 6 && minor >= 2) ? FINE : BAD,
		     found, "cherry needs Redis 6.2 or newer (BLMOVE)");
}

static void check_role(struct doctor *doctor)
{
	char role[32];

	info_field(doctor, "role", role, sizeof(role));
	note(doctor, "role", !strcmp(role, "master") ? FINE : BAD, role,
	     "a replica takes no writes: connect to the primary, or use "
	     "redis-sentinel://");
}

static void check_eviction(struct doctor *doctor)
{
	char policy[40], max[32], used[32], found[128];
	double limit;

	info_field(doctor, "maxmemory_policy", policy, sizeof(policy));
	info_field(doctor, "maxmemory", max, sizeof(max));
	info_field(doctor, "used_memory", used, sizeof(used));
	limit = strtod(max, NULL);
	snprintf(found, sizeof(found), "%s, maxmemory %s", policy, max);
	if (!strcmp(policy, "noeviction"))
		note(doctor, "eviction", FINE, found, "");
	else
		note(doctor, "eviction",
		     !strncmp(policy, "allkeys", 7) && limit > 0 ? BAD : WARN,
		     found,
		     "a full Redis would delete queues or replies: CONFIG SET "
		     "maxmemory-policy noeviction");
	snprintf(found, sizeof(found), "%s of %s bytes", used,
		 limit > 0 ? max : "unlimited");
	note(doctor, "memory",
	     limit > 0 && strtod(used, NULL) > 0.9 * limit ? WARN : FINE, found,
	     "over 90 % of maxmemory: pushes will soon be refused");
}

static void check_persistence(struct doctor *doctor)
{
	char aof[8], write[16], save[16];

	info_field(doctor, "aof_enabled", aof, sizeof(aof));
	info_field(doctor, "aof_last_write_status", write, sizeof(write));
	info_field(doctor, "rdb_last_bgsave_status", save, sizeof(save));
	note(doctor, "append-only file", aof[0] == '1' ? FINE : WARN,
	     aof[0] == '1' ? "on" : "off",
	     "tasks pushed since the last snapshot are lost if Redis dies: "
	     "CONFIG SET appendonly yes");
	if (strcmp(write, "ok") != 0 || strcmp(save, "ok") != 0)
		note(doctor, "last write to disk", BAD, "failed",
		     "see Redis's log; it may refuse writes (MISCONF)");
	else
		note(doctor, "last write to disk", FINE, "ok", "");
}

/* The value of one CONFIG parameter; false where it may not be asked. */
static bool config_parameter(struct doctor *doctor, const char *name, char *out,
			     size_t size)
{
	struct err err = ERR_INIT;
	struct client_reply *reply =
		client_words(doctor->ask.client, &err,
			     (const char *[]){"CONFIG", "GET", name, NULL});
	bool known = reply && client_reply_count(reply) == 2;

	if (known)
		snprintf(out, size, "%s",
			 client_reply_text(client_reply_at(reply, 1)).ptr);
	client_reply_free(reply);
	return known;
}

static void check_fsync(struct doctor *doctor)
{
	char fsync[32];

	if (!config_parameter(doctor, "appendfsync", fsync, sizeof(fsync)))
		note(doctor, "appendfsync", WARN, "CONFIG GET is refused",
		     "ask whoever runs this Redis: everysec or always");
	else
		note(doctor, "appendfsync", !strcmp(fsync, "no") ? WARN : FINE,
		     fsync, "a power failure may lose half a minute: everysec");
}

/* What Redis cuts off after a kill in the middle of a write begins behind the
 * transaction's own beginning, and the start after the next one runs it. */
static void check_tail(struct doctor *doctor)
{
	char aof[8], keeps[16];

	info_field(doctor, "aof_enabled", aof, sizeof(aof));
	if (aof[0] != '1' || !config_parameter(doctor, "aof-load-truncated",
					       keeps, sizeof(keeps)))
		return;
	note(doctor, "aof-load-truncated",
	     strcmp(keeps, "yes") != 0 ? FINE : WARN, keeps,
	     "after a kill in mid-write Redis 7 may double or lose what came "
	     "later: redis-check-aof --fix before each start, and no");
}

static void check_replicas(struct doctor *doctor)
{
	char count[16], least[16] = "";

	info_field(doctor, "connected_slaves", count, sizeof(count));
	config_parameter(doctor, "min-replicas-to-write", least, sizeof(least));
	if (strtol(count, NULL, 10) > 0 && strtol(least, NULL, 10) == 0)
		note(doctor, "replicas", WARN, count,
		     "a failover can lose what was acknowledged: "
		     "min-replicas-to-write 1, min-replicas-max-lag 1");
	else
		note(doctor, "replicas", FINE, count, "");
}

/* A command that changes nothing tells whether we have the right. */
static void check_right(struct doctor *doctor, const char *check,
			const char *const *words)
{
	struct err err = ERR_INIT;
	struct client_reply *reply =
		client_words(doctor->ask.client, &err, words);
	bool refused = !reply || client_reply_type(reply) == CLIENT_ERROR;

	note(doctor, check, refused ? BAD : FINE,
	     !reply    ? err.message
	     : refused ? client_reply_text(reply).ptr
		       : "allowed",
	     "give the user the rights that cherry-protocol(7) lists");
	client_reply_free(reply);
}

static void check_rights(struct doctor *doctor)
{
	const char *queue =
		doctor->ask.queue_count ? doctor->ask.queues[0] : "tasks";
	struct buf key;
	const char *stats = ask_key(&key, queue, "stats", NULL);
	char check[64];

	snprintf(check, sizeof(check), "right to read %.40s", queue);
	check_right(doctor, check, (const char *[]){"LLEN", queue, NULL});
	check_right(doctor, "right to run scripts",
		    (const char *[]){
			    "EVAL",
			    "return redis.call('HINCRBY', KEYS[1], 'ok', 0)",
			    "1", stats, NULL});
	buf_release(&key);
}

static int doctor_look(struct doctor *doctor)
{
	struct client_reply *info = ask_words(
		&doctor->ask, (const char *[]){"INFO", "everything", NULL});

	if (!info)
		return CMD_FAILED;
	doctor->info = strndup(client_reply_text(info).ptr,
			       client_reply_text(info).len);
	client_reply_free(info);
	table_init(&doctor->table, "checks", columns);
	check_version(doctor);
	check_role(doctor);
	check_eviction(doctor);
	check_persistence(doctor);
	check_fsync(doctor);
	check_tail(doctor);
	check_replicas(doctor);
	check_rights(doctor);
	return doctor->bad ? CMD_FAILED : CMD_OK;
}

static int doctor_run(const struct cmd_line *line)
{
	struct doctor doctor = {0};
	int status = ask_open(&doctor.ask, line);

	if (!status)
		status = doctor_look(&doctor);
	if (doctor.table.name)
		table_print(&doctor.table, 1, cmd_has(line, "--json"));
	table_release(&doctor.table);
	free(doctor.info);
	ask_close(&doctor.ask);
	return status;
}

const struct cmd cmd_doctor = {
	.name = "doctor",
	.usage = "[-c FILE] [--json]",
	.help = "checks Redis for what loses tasks; status 1 if something does",
	.options = options,
	.run = doctor_run,
};
