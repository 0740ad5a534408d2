/*
 * Lists for people and shells, made from the tables of commands, settings and
 * tasks.
 */
#ifndef CMD_GENERATE_H
#define CMD_GENERATE_H

/* Lists in mdoc, for the manual. */
void generate_mdoc_commands(void);
void generate_mdoc_settings(void);
void generate_mdoc_tasks(void);

/* Completions. */
void generate_bash(void);
void generate_zsh(void);
void generate_fish(void);

#endif
