// SPDX-License-Identifier: PostgreSQL
#include "link/image.h"

#include <fmt/format.h>
#include <zlib.h>

#include "base/fd.h"
#include "x509/digest.h"

namespace links {
namespace {

using base::Code;
using base::Result;

constexpr std::size_t largest_image = std::size_t{256} << 20;
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

Result<void> NodeImage::read() {
  if (facts_) return {};
  auto bytes = base::read_file(path_, largest_image);
  if (!bytes)
    return base::error(Code::link_install, fmt::format("could not read \"{}\" here", path_))
        .with_detail(bytes.error().detail);
  bytes_ = std::move(bytes).value();
  facts_ = Facts{x509::sha256_hex(bytes_), bytes_.size()};
  return {};
}

Result<NodeImage::Facts> NodeImage::facts() {
  const std::lock_guard lock(mutex_);
  TRY(read());
  return *facts_;
}

Result<const std::string*> NodeImage::gzip() {
  const std::lock_guard lock(mutex_);
  TRY(read());
  if (gzip_.empty()) gzip_ = TRY(compress(bytes_));
  return static_cast<const std::string*>(&gzip_);
}

}  // namespace links
