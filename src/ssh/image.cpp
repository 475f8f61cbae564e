// SPDX-License-Identifier: PostgreSQL
#include "ssh/image.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <zlib.h>

#include "base/fd.h"
#include "base/text.h"
#include "x509/digest.h"

namespace ssh {
namespace {

using base::Code;
using base::Result;

constexpr std::size_t largest_image = std::size_t{256} << 20;
constexpr std::size_t block_bytes = std::size_t{64} << 10;
constexpr int gzip_format =
    16 + MAX_WBITS;  // zlib.h, deflateInit2: a gzip header instead of zlib's

Result<std::string> compress(std::string_view bytes) {
  z_stream stream = {};
  if (::deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, gzip_format, 8,
                     Z_DEFAULT_STRATEGY) != Z_OK)
    return base::error(Code::link_install, "could not compress pgseal-node");
  std::string packed(::deflateBound(&stream, bytes.size()), '\0');
  // NOLINTNEXTLINE: zlib does not write to its input, but its type says so
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());  // NOLINT
  stream.avail_out = static_cast<uInt>(packed.size());
  const int ended = ::deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  ::deflateEnd(&stream);
  if (ended != Z_STREAM_END)
    return base::error(Code::link_install, "could not compress pgseal-node");
  return packed;
}

}  // namespace

Result<NodeImage::Facts> NodeImage::measure() const {
  const base::Fd file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.open())
    return base::system_error(Code::link_install, fmt::format("could not read \"{}\" here", path_),
                              errno);
  std::string block(block_bytes, '\0');
  x509::Sha256 digest;
  std::size_t size = 0;
  for (;;) {
    const ssize_t got = ::read(file.get(), block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      return base::system_error(Code::link_install,
                                fmt::format("could not read \"{}\" here", path_), errno);
    if (got == 0) return Facts{base::hex(digest.finish()), size};
    digest.update({block.data(), static_cast<std::size_t>(got)});
    size += static_cast<std::size_t>(got);
  }
}

Result<NodeImage::Facts> NodeImage::facts() {
  const std::lock_guard lock(mutex_);
  if (!facts_) facts_ = TRY(measure());
  return *facts_;
}

Result<const std::string*> NodeImage::gzip() {
  const Facts expected = TRY(facts());
  const std::lock_guard lock(mutex_);
  if (!gzip_.empty()) return static_cast<const std::string*>(&gzip_);
  auto bytes = base::read_file(path_, largest_image);
  if (!bytes)
    return base::error(Code::link_install, fmt::format("could not read \"{}\" here", path_))
        .with_detail(bytes.error().detail);
  if (x509::sha256_hex(*bytes) != expected.sha256)
    return base::error(Code::link_install, fmt::format("\"{}\" was replaced a moment ago", path_))
        .with_hint("Run the command again.");
  gzip_ = TRY(compress(*bytes));
  return static_cast<const std::string*>(&gzip_);
}

}  // namespace ssh
