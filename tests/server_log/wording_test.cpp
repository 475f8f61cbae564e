// SPDX-License-Identifier: PostgreSQL
// Each wording of each version, and beside it a text that is nearly one.
#include "server_log/wording.h"

#include "server_log/told.h"

using server_log::Entry;
using server_log::Event;
using Kind = Event::Kind;

namespace {

Event event(std::string_view message, server_log::Severity severity = server_log::Severity::log) {
  Entry entry;
  entry.severity = severity;
  entry.message = message;
  return server_log::event_of(entry);
}

/// "user|database|application|encryption" of an authorization, "" of what is none.
std::string authorized(std::string_view message) {
  const Event made = event(message);
  if (made.kind != Kind::authorized) return made.kind == Kind::garbled ? "garbled" : "";
  return fmt::format("{}{}|{}|{}|{}{}", made.replication ? "replication " : "", made.user,
                     made.database, made.application, static_cast<int>(made.encryption),
                     made.encryption_unknown ? "?" : "");
}

std::string authenticated(std::string_view message) {
  const Event made = event(message);
  if (made.kind != Kind::authenticated) return made.kind == Kind::garbled ? "garbled" : "";
  return fmt::format("{}|{}|{}|{}", made.identity, made.method, made.file, made.line);
}

}  // namespace

TEST_CASE("a connection is received from a host or by a socket") {
  CHECK(event("connection received: host=10.0.0.7 port=5000").host == "10.0.0.7");
  CHECK(event("connection received: host=fe80::1%eth0 port=5000").host == "fe80::1%eth0");
  CHECK(event("connection received: host=[local]").host == "[local]");
  CHECK(event("connection received: host=").kind == Kind::garbled);
  CHECK(event("connection received: host=a b port=1").kind == Kind::garbled);
  CHECK(event("connection received from 10.0.0.7").kind == Kind::none);
}

TEST_CASE("it is authorized in the words of 10 to 18") {
  CHECK(authorized("connection authorized: user=app database=shop") == "app|shop||0");
  CHECK(authorized("connection authorized: user=app database=shop SSL enabled (protocol=TLSv1.2, "
                   "cipher=ECDHE-RSA-AES256-GCM-SHA384, bits=256, compression=off)") ==
        "app|shop||1");
  CHECK(authorized("connection authorized: user=app database=shop application_name=web one") ==
        "app|shop|web one|0");
  CHECK(authorized("connection authorized: user=app database=shop application_name=web SSL enabled "
                   "(protocol=TLSv1.3, cipher=TLS_AES_256_GCM_SHA384, bits=256)") ==
        "app|shop|web|1");
  CHECK(authorized("connection authorized: user=app database=shop application_name=web SSL "
                   "enabled") == "app|shop|web SSL enabled|0");
  CHECK(authorized("connection authorized: user=app database=shop application_name=a (b)") ==
        "app|shop|a (b)|0");
  CHECK(authorized("connection authorized: user=app") == "garbled");
  CHECK(authorized("connection authorized: user= database=shop") == "garbled");
  CHECK(authorized("connection authorised: user=app database=shop").empty());
}

TEST_CASE("GSS encrypts or only authenticates") {
  const std::string begin = "connection authorized: user=app database=shop";
  CHECK(authorized(begin + " GSS (authenticated=yes, encrypted=yes, principal=app@EXAMPLE.COM)") ==
        "app|shop||2");
  CHECK(authorized(begin + " GSS (authenticated=yes, encrypted=no, principal=app@EXAMPLE.COM)") ==
        "app|shop||0");
  CHECK(authorized(begin + " GSS (authenticated=no, encrypted=yes)") == "app|shop||2");
  CHECK(authorized(begin + " application_name=web GSS (authenticated=yes, encrypted=yes, "
                           "delegated_credentials=no, principal=app@EXAMPLE.COM)") ==
        "app|shop|web|2");
  CHECK(authorized(begin + " SSL enabled (protocol=TLSv1.3, cipher=X, bits=256) GSS "
                           "(authenticated=yes, encrypted=no, principal=a (b)@C)") ==
        "app|shop||1");
}

TEST_CASE("an application's name that ends as what is said of TLS leaves it open") {
  const std::string begin = "connection authorized: user=app database=shop application_name=";
  const std::string secure =
      " SSL enabled (protocol=TLSv1.3, cipher=TLS_AES_256_GCM_SHA384, bits=256)";
  const std::string ticket = " GSS (authenticated=yes, encrypted=yes, principal=a@B)";
  CHECK(authorized(begin + "web" + secure) == "app|shop|web|1");
  CHECK(authorized(begin + "web" + secure + secure) == "app|shop|web" + secure + "|0?");
  CHECK(authorized(begin + "web" + ticket + secure) == "app|shop|web" + ticket + "|0?");
  CHECK(authorized(begin + "web" + ticket + ticket) == "app|shop|web" + ticket + "|0?");
  CHECK(authorized(begin + "web" + secure + ticket) == "app|shop|web|1");
  CHECK(authorized(begin + "web SSL enabled (x)" + secure) == "app|shop|web SSL enabled (x)|1");
  CHECK(authorized("connection authorized: user=app database=shop" + secure) == "app|shop||1");
}

TEST_CASE("what is not said of TLS as the server says it is an application's name") {
  const std::string begin = "connection authorized: user=app database=shop application_name=web";
  for (const char* unlike : {" SSL enabled (x)", " SSL enabled (protocol=TLSv1.3)",
                             " SSL enabled (protocol=TLSv1.3, "
                             "cipher=a b, bits=256)",
                             " SSL enabled (protocol=TLSv1.3, cipher=X, bits=1) ",
                             " SSL enabled (protocol=TLSv1.3, cipher=X, bits=)",
                             " SSL enabled (protocol=TLSv1.3, "
                             "cipher=X, bits=1, x=off)"})
    CHECK(authorized(begin + unlike) == "app|shop|web" + std::string(unlike) + "|0");
  CHECK(authorized(begin + " SSL enabled (protocol=TLSv1.2, cipher=ECDHE-RSA, bits=256, "
                           "compression=on)") == "app|shop|web|1");
}

TEST_CASE("a connection for replication names no database") {
  CHECK(authorized("replication connection authorized: user=repl") == "replication repl|||0");
  CHECK(authorized("replication connection authorized: user=repl application_name=standby 1 SSL "
                   "enabled (protocol=TLSv1.3, cipher=X, bits=256)") ==
        "replication repl||standby 1|1");
  CHECK(authorized("replication connection allowed: user=repl").empty());
}

TEST_CASE("names with blanks are split where the format tells them") {
  Entry entry;
  entry.severity = server_log::Severity::log;
  entry.message = "connection authorized: user=a database=b database=c application_name=d e";
  entry.user = "a database=b";
  entry.database = "c application_name=d e";
  entry.tells_user = entry.tells_database = true;
  const Event made = server_log::event_of(entry);
  CHECK(made.kind == Kind::authorized);
  CHECK(made.user == "a database=b");
  CHECK(made.application.empty());
  entry.database = "d";
  CHECK(server_log::event_of(entry).kind == Kind::garbled);
}

TEST_CASE("an authentication names identity, method and rule") {
  CHECK(authenticated("connection authenticated: identity=\"app\" method=scram-sha-256 "
                      "(/etc/postgresql/15/main/pg_hba.conf:12)") ==
        "app|scram-sha-256|/etc/postgresql/15/main/pg_hba.conf|12");
  CHECK(authenticated("connection authenticated: user=\"app\" method=trust (C:/data/a b.conf:3)") ==
        "app|trust|C:/data/a b.conf|3");
  CHECK(authenticated("connection authenticated: identity=\"CN=a\" method=x (y:1)\" method=cert "
                      "(f:9)") == "CN=a\" method=x (y:1)|cert|f|9");
  CHECK(authenticated("connection authenticated: identity=\"app\" method=cert (f)") == "garbled");
  CHECK(authenticated("connection authenticated: identity=\"app\" method=cert (f:9") == "garbled");
  CHECK(authenticated("connection authenticated: name=\"app\" method=cert (f:9)") == "garbled");
}

TEST_CASE("a failure names whom it concerns, and whether it is of the start") {
  const auto fatal = [](std::string_view message) {
    const Event made = event(message, server_log::Severity::fatal);
    CHECK(made.kind == Kind::failed);
    return fmt::format("{}@{}{}", made.user, made.database, made.at_start ? " start" : "");
  };
  CHECK(fatal("no pg_hba.conf entry for host \"10.0.0.7\", user \"eve\", database \"shop\", no "
              "encryption") == "eve@shop");
  CHECK(fatal("pg_hba.conf rejects connection for host \"10.0.0.7\", user \"eve\", database "
              "\"shop\", SSL off") == "eve@shop");
  CHECK(fatal("no pg_hba.conf entry for replication connection from host \"10.0.0.7\", user "
              "\"repl\", SSL encryption") == "repl@");
  CHECK(fatal("password authentication failed for user \"app\"") == "app@");
  CHECK(fatal("connection requires a valid client certificate") == "@");
  CHECK(fatal("database \"nope\" does not exist") == "@nope start");
  CHECK(fatal("role \"app\" is not permitted to log in") == "@ start");
  CHECK(fatal("too many connections for role \"app\"") == "@ start");
  CHECK(fatal("sorry, too many clients already") == "@ start");
  CHECK(fatal("the database system is starting up") == "@ start");
  CHECK(fatal("could not access file \"$libdir/x\": No such file or directory") == "@ start");
  CHECK(fatal("terminating connection due to administrator command") == "@");
  CHECK(event("password authentication failed for user \"app\"").kind == Kind::none);
}

TEST_CASE("18 says when a connection is ready") {
  CHECK(event("connection ready: setup total=1.2 ms, fork=0.1 ms, authentication=0.9 ms").kind ==
        Kind::alive);
  CHECK(event("connection reset by peer").kind == Kind::none);
}
