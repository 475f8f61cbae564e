/* SPDX-License-Identifier: PostgreSQL */
/*
 * What Debian's libpq.a asks of GSSAPI and LDAP, answered with "failure". Neither has a static
 * library, and pgseal-node carries its libpq inside so that it runs where nothing is installed.
 * libpq asks gss_acquire_cred first and ldap_init first; both fail here, so it goes on to TLS, and
 * a `gssencmode=require` or an `ldap:` service is refused with libpq's own message. The rest is
 * there for the linker. Parameters are left out: none is read, and the caller clears the stack.
 */
#include <stddef.h>

/* RFC 2744, 3.9.1: a routine error stands 16 bits up; 13 is GSS_S_FAILURE. */
#define GSS_FAILURE (13u << 16)

/* Hidden, so that the host's own libpq, if it is ever loaded beside this one, finds its own. */
#define HIDDEN __attribute__((visibility("hidden")))
#define GSS(name)                 \
  HIDDEN unsigned int name(void); \
  unsigned int name(void) { return GSS_FAILURE; }
#define LDAP_NUMBER(name) \
  HIDDEN int name(void);  \
  int name(void) { return -1; }
#define LDAP_POINTER(name) \
  HIDDEN void* name(void); \
  void* name(void) { return NULL; }

GSS(gss_acquire_cred)
GSS(gss_delete_sec_context)
GSS(gss_display_status)
GSS(gss_import_name)
GSS(gss_init_sec_context)
GSS(gss_release_buffer)
GSS(gss_release_cred)
GSS(gss_release_name)
GSS(gss_unwrap)
GSS(gss_wrap)
GSS(gss_wrap_size_limit)

HIDDEN extern void* GSS_C_NT_HOSTBASED_SERVICE;
void* GSS_C_NT_HOSTBASED_SERVICE = NULL;

LDAP_NUMBER(ldap_count_entries)
LDAP_NUMBER(ldap_msgfree)
LDAP_NUMBER(ldap_result)
LDAP_NUMBER(ldap_search_st)
LDAP_NUMBER(ldap_set_option)
LDAP_NUMBER(ldap_simple_bind)
LDAP_NUMBER(ldap_unbind)
LDAP_POINTER(ldap_first_entry)
LDAP_POINTER(ldap_get_values_len)
LDAP_POINTER(ldap_init)
LDAP_POINTER(ldap_value_free_len)

/* Printed by libpq with %s, hence never null. */
HIDDEN const char* ldap_err2string(void);
const char* ldap_err2string(void) { return "LDAP is not built in"; }
