// SPDX-License-Identifier: PostgreSQL
// libyaml builds the document, aliases resolved; here every mapping with a connection in it is
// found. A document can refer to itself and to one node many times: depth and visits are bounded.
#include <yaml.h>

#include <fmt/format.h>

#include "base/text.h"
#include "settings/application.h"
#include "settings/conninfo.h"

namespace settings {
namespace {

using base::Code;
using base::Result;

constexpr int most_depth = 8;
constexpr int most_visits = 10000;

class YamlDocument {
 public:
  YamlDocument() = default;
  ~YamlDocument() {
    if (loaded_) yaml_document_delete(&document_);
    if (parser_made_) yaml_parser_delete(&parser_);
  }
  YamlDocument(const YamlDocument&) = delete;
  YamlDocument& operator=(const YamlDocument&) = delete;

  Result<void> load(std::string_view text) {
    parser_made_ = yaml_parser_initialize(&parser_) == 1;
    if (!parser_made_) return base::error(Code::parse, "could not make a YAML parser");
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                                 text.size());
    loaded_ = yaml_parser_load(&parser_, &document_) == 1;
    if (loaded_) return {};
    return base::error(Code::parse,
                       fmt::format("line {}: not YAML: {}", parser_.problem_mark.line + 1,
                                   parser_.problem == nullptr ? "" : parser_.problem));
  }

  yaml_node_t* root() { return yaml_document_get_root_node(&document_); }
  yaml_node_t* node(int index) { return yaml_document_get_node(&document_, index); }

 private:
  yaml_parser_t parser_{};
  yaml_document_t document_{};
  bool parser_made_ = false;
  bool loaded_ = false;
};

std::string_view scalar(const yaml_node_t* node) {
  if (node == nullptr || node->type != YAML_SCALAR_NODE) return {};
  return {reinterpret_cast<const char*>(node->data.scalar.value), node->data.scalar.length};
}

class YamlWalk {
 public:
  explicit YamlWalk(YamlDocument& document) : document_(document) {}

  Result<void> mapping(const yaml_node_t* node, const std::string& where, int depth) {
    TRY(count(depth));
    ApplicationConnection connection;
    connection.where = where;
    Looks looks;
    TRY(own_values(node, connection, looks, depth));
    if ((looks.connection || looks.postgres) && !looks.other) found_.push_back(connection);
    return each(node, [&](std::string_view key, const yaml_node_t* value) -> Result<void> {
      if (value->type != YAML_MAPPING_NODE || key == "<<") return {};
      return mapping(value, where.empty() ? std::string(key) : where + "." + std::string(key),
                     depth + 1);
    });
  }

  std::vector<ApplicationConnection> take() { return std::move(found_); }

 private:
  struct Looks {
    bool connection = false;  ///< has a key that only connections have
    bool postgres = false;
    bool other = false;  ///< another database's adapter
  };

  Result<void> count(int depth) {
    if (depth > most_depth || ++visits_ > most_visits)
      return base::error(Code::parse, "nested too deep or too often");
    return {};
  }

  Result<void> each(const yaml_node_t* node, const auto& visit) {
    const yaml_node_pair_t* pair = node->data.mapping.pairs.start;
    for (; pair < node->data.mapping.pairs.top; ++pair) {
      const yaml_node_t* value = document_.node(pair->value);
      if (value != nullptr) TRY(visit(scalar(document_.node(pair->key)), value));
    }
    return {};
  }

  /// The scalars of a mapping, after those that it merges ("<<", yaml.org/type/merge.html).
  Result<void> own_values(const yaml_node_t* node, ApplicationConnection& into, Looks& looks,
                          int depth) {
    TRY(count(depth));
    const auto merge = [&](std::string_view key, const yaml_node_t* value) -> Result<void> {
      if (key != "<<" || value->type != YAML_MAPPING_NODE) return {};
      return own_values(value, into, looks, depth + 1);
    };
    TRY(each(node, merge));
    return each(node, [&](std::string_view key, const yaml_node_t* value) -> Result<void> {
      if (value->type != YAML_SCALAR_NODE) return {};
      return take_value(base::lower(key), scalar(value), into, looks);
    });
  }

  static Result<void> take_value(const std::string& key, std::string_view value,
                                 ApplicationConnection& into, Looks& looks) {
    if (key == "adapter" || key == "engine") {
      looks.postgres = base::lower(value).find("postg") != std::string::npos;
      looks.other = !looks.postgres;
    } else if (key == "url" && value.starts_with("postgres")) {
      looks.connection = true;
      const Conninfo parsed = TRY(parse_conninfo(value));
      for (const ConninfoItem& item : parsed.items)
        set_application_value(into, item.keyword, item.value);
    } else {
      looks.connection = looks.connection || key == "sslmode" || key == "dbname";
      set_application_value(into, key, value);
    }
    return {};
  }

  YamlDocument& document_;
  std::vector<ApplicationConnection> found_;
  int visits_ = 0;
};

}  // namespace

Result<std::vector<ApplicationConnection>> yaml_connections(std::string_view text) {
  YamlDocument document;
  TRY(document.load(text));
  const yaml_node_t* root = document.root();
  if (root == nullptr || root->type != YAML_MAPPING_NODE)
    return std::vector<ApplicationConnection>();
  YamlWalk walk(document);
  TRY(walk.mapping(root, "", 0));
  std::vector<ApplicationConnection> found = walk.take();
  const auto of_production = [](const ApplicationConnection& one) {
    return one.where == "production" || one.where.starts_with("production.");
  };
  if (std::any_of(found.begin(), found.end(), of_production))
    std::erase_if(found, [&](const ApplicationConnection& one) { return !of_production(one); });
  return found;
}

}  // namespace settings
