/*
 * The sandbox on systems for which cherry has none: refuses to be required.
 */
#ifndef __linux__
#include <stdio.h>
#include "exec/sandbox.h"

int sandbox_prepare(int last_fd, struct err *err)
{
	(void)last_fd;
	(void)err;
	return 0;
}

int sandbox_enter(const struct sandbox_options *options,
		  struct sandbox_report *report, struct err *err)
{
	*report = (struct sandbox_report){.level = SANDBOX_LEVEL_OFF};
	snprintf(report->text, sizeof(report->text),
		 "off: none on this system");
	if (options->mode == SANDBOX_REQUIRE)
		return err_set(
			err, ERR_UNSUPPORTED,
			"this system has no sandbox; \"sandbox = prefer\" "
			"runs without");
	return 0;
}

const char *sandbox_level_name(enum sandbox_level level)
{
	return level == SANDBOX_LEVEL_OFF ? "off" : "";
}
#endif
