/* SPDX-License-Identifier: PostgreSQL */
/*
 * libpq for the controller, loaded when its first function is called. libpq draws in 20 more
 * libraries (Kerberos, LDAP, GnuTLS …), whose loading costs more than most commands, and most
 * commands never speak to a server themselves. Every function that pgseal calls is defined here
 * and hands on to the shared library's. Where that cannot be loaded, or lacks one of them, they
 * answer as libpq answers to a null connection; PQlibVersion then gives 0 and PQerrorMessage says
 * why. Safe from several threads. A function that is missing in this table is an error of the
 * linker.
 */
#include <dlfcn.h>
#include <libpq-fe.h>
#include <pthread.h>
#include <stdio.h>

/* Name, type, parameters, arguments, what it gives where there is no library. */
#define FUNCTIONS(GIVES, ACTS)                                                                \
  GIVES(PQconndefaults, PQconninfoOption*, (void), (), NULL)                                  \
  GIVES(PQconnectPoll, PostgresPollingStatusType, (PGconn * c), (c), PGRES_POLLING_FAILED)    \
  GIVES(PQconnectStartParams, PGconn*,                                                        \
        (const char* const* keywords, const char* const* values, int expand),                 \
        (keywords, values, expand), NULL)                                                     \
  GIVES(PQconnectdbParams, PGconn*,                                                           \
        (const char* const* keywords, const char* const* values, int expand),                 \
        (keywords, values, expand), NULL)                                                     \
  GIVES(PQconnectionNeedsPassword, int, (const PGconn* c), (c), 0)                            \
  GIVES(PQconninfo, PQconninfoOption*, (PGconn * c), (c), NULL)                               \
  GIVES(PQconsumeInput, int, (PGconn * c), (c), 0)                                            \
  GIVES(PQerrorMessage, char*, (const PGconn* c), (c), reason)                                \
  GIVES(PQexec, PGresult*, (PGconn * c, const char* sql), (c, sql), NULL)                     \
  GIVES(PQexecParams, PGresult*,                                                              \
        (PGconn * c, const char* sql, int n, const Oid* types, const char* const* values,     \
         const int* lengths, const int* formats, int format),                                 \
        (c, sql, n, types, values, lengths, formats, format), NULL)                           \
  GIVES(PQexecPrepared, PGresult*,                                                            \
        (PGconn * c, const char* name, int n, const char* const* values, const int* lengths,  \
         const int* formats, int format),                                                     \
        (c, name, n, values, lengths, formats, format), NULL)                                 \
  GIVES(PQgetResult, PGresult*, (PGconn * c), (c), NULL)                                      \
  GIVES(PQgetisnull, int, (const PGresult* r, int row, int column), (r, row, column), 1)      \
  GIVES(PQgetlength, int, (const PGresult* r, int row, int column), (r, row, column), 0)      \
  GIVES(PQgetvalue, char*, (const PGresult* r, int row, int column), (r, row, column), NULL)  \
  GIVES(PQhost, char*, (const PGconn* c), (c), NULL)                                          \
  GIVES(PQhostaddr, char*, (const PGconn* c), (c), NULL)                                      \
  GIVES(PQisBusy, int, (PGconn * c), (c), 0)                                                  \
  GIVES(PQlibVersion, int, (void), (), 0)                                                     \
  GIVES(PQnfields, int, (const PGresult* r), (r), 0)                                          \
  GIVES(PQntuples, int, (const PGresult* r), (r), 0)                                          \
  GIVES(PQprepare, PGresult*,                                                                 \
        (PGconn * c, const char* name, const char* sql, int n, const Oid* types),             \
        (c, name, sql, n, types), NULL)                                                       \
  GIVES(PQresultErrorField, char*, (const PGresult* r, int field), (r, field), NULL)          \
  GIVES(PQresultStatus, ExecStatusType, (const PGresult* r), (r), PGRES_FATAL_ERROR)          \
  GIVES(PQsendQueryParams, int,                                                               \
        (PGconn * c, const char* sql, int n, const Oid* types, const char* const* values,     \
         const int* lengths, const int* formats, int format),                                 \
        (c, sql, n, types, values, lengths, formats, format), 0)                              \
  GIVES(PQserverVersion, int, (const PGconn* c), (c), 0)                                      \
  GIVES(PQsetErrorVerbosity, PGVerbosity, (PGconn * c, PGVerbosity level), (c, level),        \
        PQERRORS_DEFAULT)                                                                     \
  GIVES(PQsetNoticeReceiver, PQnoticeReceiver, (PGconn * c, PQnoticeReceiver to, void* what), \
        (c, to, what), NULL)                                                                  \
  GIVES(PQsetSingleRowMode, int, (PGconn * c), (c), 0)                                        \
  GIVES(PQsocket, int, (const PGconn* c), (c), -1)                                            \
  GIVES(PQsslAttribute, const char*, (PGconn * c, const char* name), (c, name), NULL)         \
  GIVES(PQsslInUse, int, (PGconn * c), (c), 0)                                                \
  GIVES(PQstatus, ConnStatusType, (const PGconn* c), (c), CONNECTION_BAD)                     \
  GIVES(PQuser, char*, (const PGconn* c), (c), NULL)                                          \
  ACTS(PQclear, (PGresult * r), (r))                                                          \
  ACTS(PQconninfoFree, (PQconninfoOption * options), (options))                               \
  ACTS(PQfinish, (PGconn * c), (c))

#define POINTER(name) __typeof__(&name) name;
#define GIVES_POINTER(name, type, parameters, arguments, missing) POINTER(name)
#define ACTS_POINTER(name, parameters, arguments) POINTER(name)
static struct { FUNCTIONS(GIVES_POINTER, ACTS_POINTER) } library;

static char reason[512]; /* "": the library is loaded */

/* POSIX, dlsym: a pointer to an object that may be converted to one to a function. */
static void* find(void* loaded, const char* name) {
  void* const found = dlsym(loaded, name);
  if (found == NULL && reason[0] == '\0') snprintf(reason, sizeof reason, "%s", dlerror());
  return found;
}

static void load(void) {
  /* By the name of its interface's version, as a linker would note it. */
  void* const loaded = dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
  if (loaded == NULL) {
    snprintf(reason, sizeof reason, "%s", dlerror());
    return;
  }
#define FIND(name) library.name = (__typeof__(&name))find(loaded, #name);
#define GIVES_FIND(name, type, parameters, arguments, missing) FIND(name)
#define ACTS_FIND(name, parameters, arguments) FIND(name)
  FUNCTIONS(GIVES_FIND, ACTS_FIND)
}

/* pthread_once begins anew in a child that was forked while another thread was loading. */
static int ready(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, load);
  return reason[0] == '\0';
}

/* Hidden, so that libpq's calls of its own functions stay within it. */
#define HIDDEN __attribute__((visibility("hidden")))
#define GIVES_DEFINITION(name, type, parameters, arguments, missing) \
  HIDDEN type name parameters { return ready() ? library.name arguments : missing; }
#define ACTS_DEFINITION(name, parameters, arguments) \
  HIDDEN void name parameters {                      \
    if (ready()) library.name arguments;             \
  }
FUNCTIONS(GIVES_DEFINITION, ACTS_DEFINITION)
