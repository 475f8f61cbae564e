// SPDX-License-Identifier: PostgreSQL
#include "admission/connection.h"

#include <doctest/doctest.h>

using admission::parse_connection;
using admission::Transport;

TEST_CASE("a connection is read, with what it does not say at its default") {
  const auto local = parse_connection("user=alice");
  REQUIRE(local);
  CHECK(local->transport == Transport::local);
  CHECK(local->database == "alice");
  CHECK(!local->address);
  const auto remote = parse_connection("address=2001:DB8::7,user=app,database=shop");
  REQUIRE(remote);
  CHECK(remote->transport == Transport::plain);
  CHECK(to_string(*remote) == "type=host,user=app,database=shop,address=2001:db8::7");
}

TEST_CASE("what is written is read again") {
  for (const char* text : {
           "type=local,user=postgres,database=postgres",
           "type=host,tls=on,user=app,database=shop,address=10.0.0.7,certificate=\"a,b\"\"c\"",
           "type=host,gss=on,user=app,database=\"\",address=::1,replication=on",
       }) {
    const auto read = parse_connection(text);
    CAPTURE(text);
    REQUIRE(read);
    CHECK(to_string(*read) == text);
  }
}

TEST_CASE("what does not go together is refused with its place") {
  const auto message = [](const char* text) {
    const auto read = parse_connection(text);
    REQUIRE(!read);
    CHECK(read.error().code == base::Code::usage);
    CHECK(!read.error().hint.empty());
    return read.error().message;
  };
  CHECK(message("") == "a connection needs user=NAME");
  CHECK(message("user=a,tls=on") == "a local connection has no address and no encryption");
  CHECK(message("user=a,type=host") == "a connection of type host needs address=ADDRESS");
  CHECK(message("user=a,type=local,address=10.0.0.1") ==
        "a local connection has no address and no encryption");
  CHECK(message("user=a,address=10.0.0.1,tls=on,gss=on") ==
        "a connection is encrypted by TLS or by GSS, not by both");
  CHECK(message("user=a,address=10.0.0.1,certificate=a") == "a certificate is shown over TLS only");
  CHECK(message("user=a,address=db.example") == "\"db.example\" is no address");
  CHECK(message("user=a,role=b") == "a connection has no \"role\"");
  CHECK(message("user=a,user=b") == "\"user\" is given twice");
  CHECK(message("user=a,tls") == "\"tls\" is no key=value");
  CHECK(message("user=a,tls=yes") == "tls=\"yes\" is neither on nor off");
  CHECK(message("user=a,type=tcp") == "type=\"tcp\" is neither local nor host");
  CHECK(message("user=\"a") == "the quote of a value is not closed");
  CHECK(message("user=\"a\"b") == "no comma follows a value in quotes");
}
