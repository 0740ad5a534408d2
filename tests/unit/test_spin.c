/*
 * The wait without sleep: it ends by what comes, or by itself.
 */
#include <criterion/criterion.h>
#include <unistd.h>

#include "base/clock.h"
#include "master/spin.h"

Test(spin, ends_with_what_can_be_read, .timeout = 10)
{
	struct spin spin = {.pause = 0.5};
	int ends[2];

	cr_assert_eq(pipe(ends), 0);
	cr_assert_eq(write(ends[1], "x", 1), 1);
	/* On a machine that is busy it may be given up before it has looked. */
	while (spin.pause >= 0.5 && spin.pause < 9) {
		spin.not_before = 0;
		spin_await(&spin, ends[0]);
	}
	cr_expect(spin.pause < 0.5 || spin.pause >= 9, "%g", spin.pause);
	cr_expect(spin.pause < 0.5 || spin.not_before > clock_monotonic());
}

Test(spin, ends_where_nothing_comes, .timeout = 10)
{
	struct spin spin = {0};
	int ends[2];

	cr_assert_eq(pipe(ends), 0);
	spin_await(&spin, ends[0]);
	cr_expect(spin.pause == 0 || spin.not_before > 0);
}

Test(spin, does_not_begin_while_it_is_paused, .timeout = 10)
{
	struct spin spin = {clock_monotonic() + 1000, 0.5};
	int ends[2];

	cr_assert_eq(pipe(ends), 0);
	cr_assert_eq(write(ends[1], "x", 1), 1);
	spin_await(&spin, ends[0]);
	cr_expect_eq(spin.pause, 0.5);
}
