/*
 * The arena: alignment, cap, clearing.
 */
#include <criterion/criterion.h>

#include "base/arena.h"

Test(arena, aligned_and_apart)
{
	struct arena arena;
	char *parts[2000];
	arena_init(&arena, 64 << 20);
	for (size_t i = 0; i < 2000; i++) {
		size_t size = i * 7 % 301;
		parts[i] = arena_alloc(&arena, size);
		cr_assert_not_null(parts[i]);
		cr_assert_eq((uintptr_t)parts[i] % 16, 0);
		memset(parts[i], (int)(i & 0xff), size);
	}
	for (size_t i = 0; i < 2000; i++)
		for (size_t k = 0; k < i * 7 % 301; k++)
			cr_assert_eq((unsigned char)parts[i][k], i & 0xff);
	arena_release(&arena);
	cr_expect_eq(arena.used, 0);
}

Test(arena, cap_holds)
{
	static const size_t caps[] = {0, 10, 100, 5000, 65536, 100000, 1000000};
	static const size_t sizes[] = {1, 16, 1000, 20000, 70000};
	for (size_t i = 0; i < sizeof(caps) / sizeof(caps[0]); i++) {
		for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
			struct arena arena;
			size_t got = 0;
			arena_init(&arena, caps[i]);
			while (arena_alloc(&arena, sizes[k]))
				got += sizes[k];
			cr_expect_leq(got, caps[i]);
			cr_expect_leq(arena.used, caps[i]);
			/* Not needlessly little: half of a large cap. */
			if (caps[i] >= 100 * sizes[k] && sizes[k] > 15)
				cr_expect_geq(got, caps[i] / 2);
			arena_release(&arena);
		}
	}
}

Test(arena, refuses_overflow)
{
	struct arena arena;
	arena_init(&arena, SIZE_MAX);
	cr_expect_null(arena_alloc(&arena, SIZE_MAX));
	cr_expect_null(arena_alloc(&arena, SIZE_MAX - 20));
	cr_expect_null(arena_calloc(&arena, SIZE_MAX / 2, 3));
	cr_expect_null(arena_copy(&arena, slice_of("", SIZE_MAX)));
	cr_expect_not_null(arena_alloc(&arena, 0));
	arena_release(&arena);
}

Test(arena, clear_keeps_one_block)
{
	struct arena arena;
	arena_init(&arena, 10 << 20);
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 1000; i++) {
			char *copy = arena_copy(&arena, SLICE("hello"));
			cr_assert_str_eq(copy, "hello");
		}
		arena_alloc(&arena, 500000);
		int *cleared = arena_calloc(&arena, 1000, sizeof(int));
		for (int i = 0; i < 1000; i++)
			cr_assert_eq(cleared[i], 0);
		memset(cleared, 0xff, 1000 * sizeof(int));
		arena_clear(&arena);
		/* The block that is kept still counts against the cap. */
		cr_expect_leq(arena.used, 70000);
		cr_expect_geq(arena.used, 64 << 10);
	}
	arena_release(&arena);
	arena_clear(&arena);
	cr_expect_eq(arena.used, 0);
}

/* What an array was before it grew does not stay: it needs its size and that
 * of the copy that is being made. */
Test(arena, extend_gives_back)
{
	struct arena arena;
	size_t cap = 0, count = 1 << 20;
	uint32_t *items = NULL, *first;

	arena_init(&arena, 7 << 20);
	first = arena_alloc(&arena, sizeof(*first));
	*first = 7;
	for (uint32_t n = 0; n < count; n++) {
		items = arena_extend(&arena, items, n, &cap, sizeof(*items));
		cr_assert_not_null(items, "at %u", n);
		items[n] = n;
	}
	for (uint32_t n = 0; n < count; n++)
		cr_assert_eq(items[n], n);
	cr_expect_eq(*first, 7);
	cr_expect_leq(arena.used, (4 << 20) + (1 << 18));
	arena_give_back(&arena, items);
	arena_give_back(&arena, NULL);
	arena_give_back(&arena, first);
	cr_expect_leq(arena.used, 1 << 18);
	cr_expect_eq(*first, 7);
	arena_release(&arena);
}
