/* The parts of the program. Each gets the path of a database that it may change, and frees what it makes. */
#ifndef PROGRAM_H
#define PROGRAM_H

#include "check.h"

void reading(const char *path);
void writing(const char *path);
void misuse(const char *path);
void threads(const char *path);

#endif
