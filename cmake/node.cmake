# SPDX-License-Identifier: PostgreSQL
# pgseal-node runs where nothing is installed: libpq, OpenSSL and libstdc++ are linked into it, only
# libc and libgcc_s are shared. Debian's static libpq refers to GSSAPI and LDAP functions that have
# no static library; packaging/libpq_stubs.c answers "failure" for each of them.

find_program(PG_CONFIG pg_config)
set(NODE_STATIC OFF)
set(PG_SERVER_LIBRARIES "")
file(GLOB pg_server_folders "/usr/lib/postgresql/*/lib")
foreach(folder ${pg_server_folders})
  if(EXISTS "${folder}/libpgcommon_shlib.a" AND EXISTS "${folder}/libpgport_shlib.a")
    set(PG_SERVER_LIBRARIES "${folder}")
  endif()
endforeach()
find_library(LIBPQ_STATIC NAMES libpq.a)
find_library(SSL_STATIC NAMES libssl.a)
find_library(CRYPTO_STATIC NAMES libcrypto.a)
find_library(YAML_STATIC NAMES libyaml.a)
if(PG_SERVER_LIBRARIES AND LIBPQ_STATIC AND SSL_STATIC AND CRYPTO_STATIC AND YAML_STATIC AND NOT PGSEAL_SANITIZE)
  set(NODE_STATIC ON)
else()
  message(STATUS "pgseal-node: static libpq, OpenSSL or libyaml is absent, so the node is linked to shared "
                 "libraries and runs only where libpq5 and libssl3 are installed "
                 "(packages: libpq-dev libssl-dev libyaml-dev postgresql-server-dev-15)")
endif()

function(add_node target source)
  add_executable(${target} ${source})
  if(NODE_STATIC)
    target_sources(${target} PRIVATE "${CMAKE_SOURCE_DIR}/packaging/libpq_stubs.c")
  endif()
endfunction()

# After the folders: the order is the linker's.
function(link_node_libraries target)
  if(NODE_STATIC)
    # Stripped: its bytes travel to every host.
    target_link_options(${target} PRIVATE -static-libstdc++ -s)
    target_link_libraries(${target} PRIVATE "${LIBPQ_STATIC}"
      "${PG_SERVER_LIBRARIES}/libpgcommon_shlib.a" "${PG_SERVER_LIBRARIES}/libpgport_shlib.a"
      "${SSL_STATIC}" "${CRYPTO_STATIC}" "${YAML_STATIC}" m Threads::Threads)
  else()
    target_link_libraries(${target} PRIVATE PostgreSQL::PostgreSQL OpenSSL::SSL OpenSSL::Crypto PkgConfig::YAML
      Threads::Threads)
  endif()
endfunction()
