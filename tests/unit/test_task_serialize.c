/*
 * serialize as a task: arguments, signers, errors with their field and reason,
 * the members of the result.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/json.h"
#include "cherry/task.h"
#include "task/task_serialize.h"
#include "task/task_settings.h"

static const struct task_secret_pair secrets[] = {
	{SLICE("session"), SLICE("secret-key")},
};

/* Runs the task; the result or "CODE REASON FIELD MESSAGE" as text. */
static int run(const char *args, const char *input, char *out, size_t size)
{
	static const struct task *const table[] = {&task_serialize, NULL};
	struct task_input bytes = {SLICE("input"), slice_text(input)};
	struct err err = ERR_INIT;
	struct arena arena;
	struct buf result;

	arena_init(&arena, 64 << 20);
	buf_init(&result, 16 << 20);
	struct task_settings *settings =
		task_settings_new(&arena, table, NULL, 0, &err);
	cr_assert(settings, "%s", err.message);
	task_settings_secrets(settings, secrets, 1);
	struct task_call call = {.args = slice_text(args),
				 .inputs = &bytes,
				 .input_count = input != NULL,
				 .settings = settings,
				 .arena = &arena};
	int r = task_run(&task_serialize, &call, &result, &err);
	if (r)
		snprintf(out, size, "%s %s %s %s", err_code_name(err.code),
			 err.reason, err.field, err.message);
	else
		snprintf(out, size, "%.*s", (int)result.len, result.ptr);
	buf_release(&result);
	arena_release(&arena);
	return r;
}

#define KEY	 "\"secret_key\":\"secret-key\""
#define TOKEN	 "WzEsMiwzXQ.ss4nn3igDDAwxiqsWvj3EQ9FdIQ"
#define TIMED	 "WzEsMiwzXQ.TgUlAA.hiZLMbACqGCMZVS_8tGFNrY0o7g"
#define URLTIMED "\"class\":\"URLSafeTimedSerializer\"," KEY

static const struct {
	const char *args, *input, *wanted;
} results[] = {
	{"{\"value\":[1,2,3],\"to\":\"pickle\"}", NULL,
	 "{\"output\":\"(lp0\\nI1\\naI2\\naI3\\na.\",\"bytes\":18}"},
	{"{\"value\":[1,2,3],\"to\":\"pickle\",\"protocol\":4}", NULL,
	 "{\"output_base64\":\"gASVCwAAAAAAAABdlChLAUsCSwNlLg==\",\"bytes\":"
	 "22}"},
	{"{\"to\":\"value\",\"from\":\"pickle\"}", "(lp0\nI1\naI2\naI3\na.",
	 "{\"value\":[1,2,3],\"bytes\":7}"},
	{"{\"value\":[9223372036854775808,1000000000000000000000000000000,"
	 "0.1],\"to\":\"value\"}",
	 NULL,
	 "{\"value\":[9223372036854775808,1000000000000000000000000000000,0.1]"
	 ",\"bytes\":57}"},
	{"{\"value\":{\"a\":\"\\ud800\"},\"to\":\"value\"}", NULL,
	 "{\"value\":{\"a\":\"\\ud800\"},\"bytes\":14}"},
	{"{\"value\":{\"b\":1,\"a\":[]},\"to\":\"json\",\"style\":\"python\","
	 "\"sort_keys\":true}",
	 NULL, "{\"output\":\"{\\\"a\\\": [], \\\"b\\\": 1}\",\"bytes\":17}"},
	{"{\"value\":\"\\u00e9\",\"to\":\"json\",\"style\":\"python\"}", NULL,
	 "{\"output\":\"\\\"\\\\u00e9\\\"\",\"bytes\":8}"},
	{"{\"value\":\"\\u00e9\",\"to\":\"json\",\"style\":\"python\","
	 "\"ascii\":false}",
	 NULL, "{\"output\":\"\\\"\xc3\xa9\\\"\",\"bytes\":4}"},
	{"{\"value\":{\"a\":[1,{}]},\"to\":\"json\",\"style\":\"pretty\"}",
	 NULL,
	 "{\"output\":\"{\\n  \\\"a\\\": [\\n    1,\\n    {}\\n  ]\\n}\","
	 "\"bytes\":30}"},
	{"{\"from\":\"auto\",\"to\":\"value\"}", "a:1:{i:0;b:1;}",
	 "{\"value\":[true],\"bytes\":6,\"from\":\"php\"}"},
	{"{\"from\":\"auto\",\"to\":\"value\"}", "(lp0\nI1\na.",
	 "{\"value\":[1],\"bytes\":3,\"from\":\"pickle\"}"},
	{"{\"from\":\"auto\",\"to\":\"value\"}", " {\"a\":1}",
	 "{\"value\":{\"a\":1},\"bytes\":7,\"from\":\"json\"}"},
	{"{\"from\":\"auto\",\"to\":\"value\"}", "d1:ai1ee",
	 "{\"value\":{\"a\":1},\"bytes\":7,\"from\":\"bencode\"}"},
	{"{\"from\":\"auto\",\"to\":\"value\"}",
	 "\x81\xa1"
	 "a\x01",
	 "{\"value\":{\"a\":1},\"bytes\":7,\"from\":\"msgpack\"}"},
	{"{\"from\":\"auto\",\"to\":\"value\",\"signer\":{" KEY "}}", TOKEN,
	 "{\"value\":[1,2,3],\"bytes\":7,\"from\":\"itsdangerous\"}"},
	{"{\"value\":[1,2,3],\"to\":\"itsdangerous\",\"signer\":{" KEY "}}",
	 NULL, "{\"output\":\"" TOKEN "\",\"bytes\":38}"},
	{"{\"value\":[1,2,3],\"to\":\"itsdangerous\",\"signer\":{\"secret\":"
	 "\"session\"}}",
	 NULL, "{\"output\":\"" TOKEN "\",\"bytes\":38}"},
	{"{\"from\":\"itsdangerous\",\"to\":\"value\",\"signer\":{"
	 "\"secret_key_base64\":\"c2VjcmV0LWtleQ==\"}}",
	 TOKEN, "{\"value\":[1,2,3],\"bytes\":7}"},
	{"{\"from\":\"itsdangerous\",\"to\":\"value\",\"signer\":{" URLTIMED
	 ",\"now\":1308960005,\"max_age\":10}}",
	 TIMED, "{\"value\":[1,2,3],\"bytes\":7,\"timestamp\":1308960000}"},
	{"{\"value\":[1,2,3],\"to\":\"itsdangerous\",\"signer\":{" URLTIMED
	 ",\"now\":1308960000}}",
	 NULL,
	 "{\"output\":\"" TIMED "\",\"bytes\":45,\"timestamp\":1308960000}"},
	{"{\"from\":\"itsdangerous\",\"to\":\"itsdangerous\",\"from_signer\":{"
	 "\"secret_key\":\"secret-key\"},\"to_signer\":{" URLTIMED
	 ",\"timestamp\":1308960000}}",
	 TOKEN,
	 "{\"output\":\"" TIMED "\",\"bytes\":45,\"timestamp\":1308960000}"},
	{"{\"value\":\"my string\",\"to\":\"itsdangerous\",\"signer\":{"
	 "\"class\":\"Signer\"," KEY "}}",
	 NULL,
	 "{\"output\":\"my string.wh6tMHxLgJqB6oY1uT73iMlyrOA\",\"bytes\":37}"},
	{"{\"from\":\"itsdangerous\",\"to\":\"value\",\"signer\":{\"class\":"
	 "\"Signer\"," KEY "}}",
	 "my string.wh6tMHxLgJqB6oY1uT73iMlyrOA",
	 "{\"value\":\"my string\",\"bytes\":11}"},
	{"{\"value\":{\"a\":[1,2],\"b\":\"text\"},\"to\":\"itsdangerous\","
	 "\"signer\":{\"serializer\":\"pickle\"," KEY "}}",
	 NULL,
	 "{\"output\":\"gASVHAAAAAAAAAB9lCiMAWGUXZQoSwFLAmWMAWKUjAR0ZXh0lHUu."
	 "58M0zkHuLKRWynTVl3Am5iBZ_bw\",\"bytes\":80}"},
	{"{\"from\":\"itsdangerous\",\"to\":\"value\",\"signer\":{"
	 "\"secret_key\":[\"old-1\",\"old-2\",\"newest\"],"
	 "\"fallback_signers\":[{\"digest\":\"sha512\"},{\"key_derivation\":"
	 "\"hmac\",\"digest\":\"sha256\"}]}}",
	 "WzVd.IOJLDsB-gCMphQco0HT7-_ErmXl3nSiW9C83tF5kp3M",
	 "{\"value\":[5],\"bytes\":3}"},
	{"{\"value\":{\"1\":[]},\"to\":\"php\",\"lossy\":true}", NULL,
	 "{\"output\":\"a:1:{i:1;a:0:{}}\",\"bytes\":16}"},
};

Test(task_serialize, results)
{
	static char out[1 << 16];

	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
		run(results[i].args, results[i].input, out, sizeof(out));
		cr_expect(!strcmp(out, results[i].wanted),
			  "%s\n  gave   %s\n  wanted %s", results[i].args, out,
			  results[i].wanted);
	}
}

static const struct {
	const char *args, *input, *wanted; /* what the error begins with */
} faults[] = {
	{"{\"to\":\"json\"}", NULL, "bad_args  args.value"},
	{"{\"value\":1}", NULL, "bad_args  args.to"},
	{"{\"value\":1,\"input\":\"2\",\"to\":\"json\"}", NULL,
	 "bad_args  args.input"},
	{"{\"value\":1,\"from\":\"php\",\"to\":\"json\"}", NULL,
	 "bad_args  args.from"},
	{"{\"value\":1,\"to\":\"jsn\"}", NULL, "bad_args  args.to"},
	{"{\"value\":1,\"to\":\"json\",\"wat\":1}", NULL, "bad_args  args.wat"},
	{"{\"value\":1,\"to\":\"pickle\",\"protocol\":6}", NULL,
	 "bad_args  args.protocol"},
	{"{\"value\":{\"a\":1,\"a\":2},\"to\":\"json\"}", NULL,
	 "bad_args duplicate args.value"},
	{"{\"value\":[1e999],\"to\":\"json\"}", NULL,
	 "bad_input range args.value"},
	{"{\"value\":1,\"to\":\"itsdangerous\"}", NULL,
	 "bad_args config args.signer"},
	{"{\"value\":1,\"to\":\"json\",\"signer\":{" KEY "}}", NULL,
	 "bad_args  args.signer"},
	{"{\"value\":1,\"to\":\"itsdangerous\",\"signer\":{}}", NULL,
	 "bad_args config args.signer.secret"},
	{"{\"value\":1,\"to\":\"itsdangerous\",\"signer\":{\"secret\":"
	 "\"none\"}}",
	 NULL, "bad_args config args.signer.secret"},
	{"{\"value\":1,\"to\":\"itsdangerous\",\"signer\":{\"sep\":\"a\"," KEY
	 "}}",
	 NULL, "bad_args config"},
	{"{\"value\":1,\"to\":\"itsdangerous\",\"signer\":{\"key_derivation\":"
	 "\"pbkdf2\"," KEY "}}",
	 NULL, "bad_args config args.signer.key_derivation"},
	{"{\"value\":1,\"to\":\"itsdangerous\",\"signer\":{\"wat\":1," KEY "}}",
	 NULL, "bad_args config args.signer.wat"},
	{"{\"from\":\"itsdangerous\",\"to\":\"value\",\"signer\":{" KEY "}}",
	 "WzEsMiwzXQ.As4nn3igDDAwxiqsWvj3EQ9FdIQ", "bad_input signature"},
	{"{\"from\":\"itsdangerous\",\"to\":\"value\",\"signer\":{" URLTIMED
	 ",\"now\":1308960011,\"max_age\":10}}",
	 TIMED, "bad_input expired"},
	{"{\"from\":\"pickle\",\"to\":\"value\"}", "cos\nsystem\n(S'echo'\ntR.",
	 "bad_input unsafe"},
	{"{\"from\":\"pickle\",\"to\":\"value\"}", "(lp0\nI1\na",
	 "bad_input truncated"},
	{"{\"from\":\"pickle\",\"to\":\"json\"}", "c__builtin__\nset\n(]tR.",
	 "unsupported type  $"},
	{"{\"from\":\"json\",\"to\":\"php\"}",
	 "{\"users\":[0,1,2,{\"id\":92233720368547758080}]}",
	 "unsupported range  $.users[3].id"},
	{"{\"from\":\"json\",\"to\":\"json\",\"max_depth\":3}", "[[[[1]]]]",
	 "limit depth"},
	{"{\"value\":{\"1\":0},\"to\":\"php\"}", NULL, "unsupported key  $"},
	{"{\"from\":\"auto\",\"to\":\"value\",\"signer\":{" KEY "}}",
	 "WzEsMiwzXQ.As4nn3igDDAwxiqsWvj3EQ9FdIQ", "bad_input signature"},
	{"{\"from\":\"auto\",\"to\":\"value\"}", "cos\nsystem\n(S'x'\ntR.",
	 "bad_input unsafe"},
	{"{\"from\":\"auto\",\"to\":\"value\"}", "\xff\xfe?",
	 "bad_input syntax"},
};

Test(task_serialize, faults)
{
	char out[1024];

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		int r = run(faults[i].args, faults[i].input, out, sizeof(out));
		cr_expect(r && !strncmp(out, faults[i].wanted,
					strlen(faults[i].wanted)),
			  "%s\n  gave   %s\n  wanted %s", faults[i].args, out,
			  faults[i].wanted);
		cr_expect(!strstr(out, "secret-key"), "%s: a key is in %s",
			  faults[i].args, out);
	}
}
