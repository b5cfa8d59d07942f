/*
 * Copyright 2026 the notes project.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sample.h"

/* How many notes fit. */
#define LIMIT 80
#define QUIET
#define LARGER(a, b) \
    ((a) > (b) ? (a) : (b))
#define EACH(note, list) for (note = (list); note; note = note->next)

typedef unsigned long count_t;
typedef int (*visit_fn)(const char *name, void *with);

/* One note in a list. */
typedef struct note {
    char *name;  /* owned */
    unsigned kind : 3, flags : 5;
    struct note *next;
    union {
        int whole;
        char bytes[4];
    } value;
    int (*compare)(const struct note *, const struct note *);
} note_t;

struct pair { int left, right; };

enum level { LOW = 1, HIGH };

typedef enum { OPEN, CLOSED } state_t;

static const int TABLE[] = {
    1, 2, 3,
};
static struct { int depth; } root = { 1 };
int first = 1, *second;
extern int known;

struct pair *pairs(size_t count);
static inline int twice(int);

/* Finds a note.
 * Returns NULL without one. */
note_t *find(const note_t *list, const char *name)
{
    const note_t *at;
    EACH(at, list)
        if (!strcmp(at->name, name))
            return (note_t *)at;
    errno = ENOENT;
    return NULL;
}

static inline int twice(int a) { return 2 * a; }

// Keeps a note.
int put(note_t *list, const char name[], int sizes[static 2], visit_fn each, int (*again)(int), ...)
{
    struct local { int x; } here = { LARGER(1, 2) };
    if (!list)
        return -EINVAL;
    list->kind = here.x;
    sizes[0] = each(name, list) + again(twice(1));
    return 0;
}

visit_fn choose(void) { return 0; }

void (*handler(int number, void (*next)(int)))(int)
{
    printf("%d\n", number);
    return next;
}

#ifdef QUIET
void leave(void) { exit(root.depth); }
#else
void leave(void) { abort(); }
#endif
