/*
 * Tables as commands print them: aligned columns on a terminal, tab-separated
 * lines in a pipe, JSON where it is asked for.
 */
#ifndef CMD_TABLE_H
#define CMD_TABLE_H

#include <stdio.h>
#include "cherry/buf.h"

struct table_cell {
	char *text;  /* printable, no tabs or line ends outside JSON */
	bool number; /* right-aligned; bare in JSON */
};

struct table {
	const char *name;	    /* of the array in JSON */
	const char *const *columns; /* ends with NULL */
	size_t width;		    /* number of columns */
	struct table_cell *cells;
	size_t count;
};

void table_init(struct table *table, const char *name,
		const char *const *columns);
void table_release(struct table *table);

/* The next cell, row after row. An empty text is "-" outside JSON, as is a
 * negative number, which is null there: unknown. */
void table_text(struct table *table, struct slice text);
void table_integer(struct table *table, int64_t value);
void table_seconds(struct table *table, double value);

/* One document {"version":1,NAME:[{COLUMN:...}]} with all tables. */
void table_print_json(const struct table *tables, size_t count, FILE *out);

/* Aligned, cut to `columns` cells of the terminal's width (0: not cut). */
void table_print_aligned(const struct table *table, size_t columns, FILE *out);

/* JSON if `json`, aligned if standard output is a terminal, else with tabs.
 * An empty line stands between two tables. */
void table_print(const struct table *tables, size_t count, bool json);

#endif
