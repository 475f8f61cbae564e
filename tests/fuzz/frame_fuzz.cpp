// SPDX-License-Identifier: PostgreSQL
// Frames from a peer that is not trusted: noise, magic, frames; and what we send is what we
// receive.
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "fuzz/fuzzed.h"
#include "link/frame.h"

using fuzzed::must;

namespace {

/// A file in memory, written and rewound: it is always ready and has an end.
base::Fd file_of(std::string_view bytes) {
  base::Fd file(::memfd_create("frames", MFD_CLOEXEC));
  must(file.open() && base::write_all(file.get(), bytes), "the input is written");
  ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

void receive(std::string_view bytes, bool preface) {
  const base::Fd in = file_of(bytes);
  links::Channel channel(in.get(), -1);
  if (preface && !channel.skip_to_magic(links::no_deadline)) return;
  must(channel.noise().size() <= links::noise_limit, "noise is limited");
  while (true) {
    const auto frame = channel.receive(links::no_deadline);
    if (!frame || !*frame) return;
    must(static_cast<bool>(links::check_text(**frame)), "a frame that is received was checked");
    must((*frame)->size() <= links::frame_limit, "a frame is limited");
  }
}

void there_and_back(std::string_view text) {
  const base::Fd file = file_of("");
  links::Channel writer(-1, file.get());
  must(static_cast<bool>(writer.send(text, links::no_deadline)), "a frame is sent");
  ::lseek(file.get(), 0, SEEK_SET);
  links::Channel reader(file.get(), -1);
  const auto back = reader.receive(links::no_deadline);
  must(static_cast<bool>(back) == static_cast<bool>(links::check_text(text)),
       "a good text is received, another is not");
  if (back) must(*back && **back == text, "what is received is what was sent");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzzed::text(data, size);
  receive(bytes, true);
  receive(bytes, false);
  there_and_back(bytes);
  return 0;
}
