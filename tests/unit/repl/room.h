/* Sessions at a prompt of their own, in a folder that goes with the test. */
#ifndef TESTS_ROOM_H
#define TESTS_ROOM_H

#include "program/registry.h"
#include "repl/execute.h"
#include "repl/repl.h"

typedef struct Room {
    Registry *registry;
    Session *session;
    Repl *repl;
} Room;

/* Around each test. */
void rooms_begin(void);
void rooms_end(void);

Room room_open(void);
void room_close(Room *room);

/* The test fails where the line does; refuse: where it does not. */
void type(Room *room, const char *line);
void refuse(Room *room, const char *line);

/* Caller frees. */
char *text_of(const char *path);

/* Two files, byte for byte. */
void expect_same(const char *path, const char *other);

int64_t step_of(Session *session);

#endif
