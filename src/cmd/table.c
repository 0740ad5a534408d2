/*
 * Tables on standard output. Widths count characters, not columns: wide
 * characters of queue names may shift a line.
 */
#include "cmd/table.h"

#include <stdlib.h>
#include <unistd.h>
#include "base/json.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cherry/err.h"

#define JSON_VERSION 1
#define TEXT_MAX     ((size_t)64 << 20)

void table_init(struct table *table, const char *name,
		const char *const *columns)
{
	*table = (struct table){.name = name, .columns = columns};
	while (columns[table->width])
		table->width++;
}

void table_release(struct table *table)
{
	size_t i;

	for (i = 0; i < table->count; i++)
		free(table->cells[i].text);
	free(table->cells);
	*table = (struct table){0};
}

static void add_cell(struct table *table, char *text, bool number)
{
	if ((table->count & (table->count - 1)) == 0)
		table->cells = xrealloc(table->cells,
					table->count ? table->count * 2 : 1,
					sizeof(*table->cells));
	table->cells[table->count++] = (struct table_cell){text, number};
}

void table_text(struct table *table, struct slice text)
{
	char *copy = xcalloc(1, text.len + 1);

	if (text.len)
		memcpy(copy, text.ptr, text.len);
	add_cell(table, copy, false);
}

void table_integer(struct table *table, int64_t value)
{
	char text[32] = "";

	if (value >= 0)
		snprintf(text, sizeof(text), "%lld", (long long)value);
	add_cell(table, xstrdup(text), true);
}

void table_seconds(struct table *table, double value)
{
	char text[64] = "";

	if (value >= 0)
		snprintf(text, sizeof(text), "%.1f", value);
	add_cell(table, xstrdup(text), true);
}

/* --- JSON ----------------------------------------------------------------- */

static void put_cell(struct buf *out, const struct table_cell *cell)
{
	if (!cell->number)
		json_put_string(out, slice_text(cell->text));
	else
		buf_add_text(out, cell->text[0] ? cell->text : "null");
}

void table_print_json(const struct table *tables, size_t count, FILE *out)
{
	struct buf text;
	size_t i, j;

	buf_init(&text, TEXT_MAX);
	buf_printf(&text, "{\"version\":%d", JSON_VERSION);
	for (i = 0; i < count; i++) {
		json_put_key(&text, tables[i].name);
		buf_add_char(&text, '[');
		for (j = 0; j < tables[i].count; j++) {
			if (j % tables[i].width == 0) {
				json_put_comma(&text);
				buf_add_char(&text, '{');
			}
			json_put_key(&text,
				     tables[i].columns[j % tables[i].width]);
			put_cell(&text, &tables[i].cells[j]);
			if (j % tables[i].width == tables[i].width - 1)
				buf_add_char(&text, '}');
		}
		buf_add_char(&text, ']');
	}
	buf_add_text(&text, "}\n");
	fwrite(text.ptr, 1, text.len, out);
	buf_release(&text);
}

/* --- Text ----------------------------------------------------------------- */

static size_t characters(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

/* What a terminal or a line-based program can take: one line, no tabs. */
static const char *printable(const struct table_cell *cell, char *out,
			     size_t max)
{
	if (!cell->text[0])
		return "-";
	return err_quote(out, max, slice_text(cell->text));
}

static void print_tabs(const struct table *table, FILE *out)
{
	char text[4100];
	size_t i;

	if (!table->width)
		return;
	for (i = 0; i < table->width; i++)
		fprintf(out, "%s%s", i ? "\t" : "", table->columns[i]);
	fputc('\n', out);
	for (i = 0; i < table->count; i++)
		fprintf(out, "%s%s%s", i % table->width ? "\t" : "",
			printable(&table->cells[i], text, 4096),
			i % table->width == table->width - 1 ? "\n" : "");
}

static void print_cut(FILE *out, const char *line, size_t columns)
{
	size_t bytes = 0, n = 0;

	while (line[bytes] && (!columns || n < columns)) {
		bytes++;
		while (((unsigned char)line[bytes] & 0xc0) == 0x80)
			bytes++;
		n++;
	}
	while (bytes && line[bytes - 1] == ' ')
		bytes--;
	fprintf(out, "%.*s\n", (int)bytes, line);
}

static void put_aligned(struct buf *line, const char *text, size_t width,
			bool right)
{
	size_t n = characters(text);
	int pad = n < width ? (int)(width - n) : 0;

	if (line->len)
		buf_add_text(line, "  ");
	if (right)
		buf_printf(line, "%*s%s", pad, "", text);
	else
		buf_printf(line, "%s%*s", text, pad, "");
}

static void print_line(const struct table *table, const size_t *widths,
		       size_t row, size_t columns, FILE *out)
{
	struct buf line;
	char text[260];
	size_t i;

	buf_init(&line, TEXT_MAX);
	for (i = 0; i < table->width; i++) {
		const struct table_cell *cell =
			&table->cells[row * table->width + i];

		put_aligned(&line, printable(cell, text, 256), widths[i],
			    cell->number);
	}
	buf_add_char(&line, '\0');
	if (!line.failed)
		print_cut(out, line.ptr, columns);
	buf_release(&line);
}

static void print_head(const struct table *table, const size_t *widths,
		       size_t columns, FILE *out)
{
	struct buf line;
	size_t i;

	buf_init(&line, TEXT_MAX);
	for (i = 0; i < table->width; i++)
		put_aligned(&line, table->columns[i], widths[i],
			    table->count && table->cells[i].number);
	buf_add_char(&line, '\0');
	print_cut(out, line.ptr, columns);
	buf_release(&line);
}

void table_print_aligned(const struct table *table, size_t columns, FILE *out)
{
	size_t *widths;
	char text[260];
	size_t i;

	if (!table->width)
		return;
	widths = xcalloc(table->width, sizeof(*widths));
	for (i = 0; i < table->width; i++)
		widths[i] = characters(table->columns[i]);
	for (i = 0; i < table->count; i++) {
		size_t n = characters(printable(&table->cells[i], text, 256));

		if (n > widths[i % table->width])
			widths[i % table->width] = n;
	}
	print_head(table, widths, columns, out);
	for (i = 0; i < table->count / table->width; i++)
		print_line(table, widths, i, columns, out);
	free(widths);
}

void table_print(const struct table *tables, size_t count, bool json)
{
	bool terminal = isatty(STDOUT_FILENO);
	size_t i;

	if (json) {
		table_print_json(tables, count, stdout);
		return;
	}
	for (i = 0; i < count; i++) {
		if (i)
			putchar('\n');
		if (terminal)
			table_print_aligned(&tables[i], 0, stdout);
		else
			print_tabs(&tables[i], stdout);
	}
}
