// Exceptions of the core: each carries the Python type it will become.
#pragma once
#include <sstream>
#include <stdexcept>
#include <string>

namespace wg {

enum class Kind { Runtime, Index, Value, Type, NotImplemented, Memory, Internal, Overflow };

struct Error : std::runtime_error {
  Kind kind;
  Error(Kind k, const std::string& message) : std::runtime_error(message), kind(k) {}
};

template <class... Parts>
std::string str(const Parts&... parts) {
  std::ostringstream s;
  (s << ... << parts);
  return s.str();
}

template <class... Parts>
[[noreturn, gnu::cold, gnu::noinline]] void fail(Kind kind, const Parts&... parts) {
  throw Error(kind, str(parts...));
}

}  // namespace wg

// WG_CHECK(condition, parts...): a RuntimeError; WG_CHECK_INDEX, WG_CHECK_VALUE, WG_CHECK_TYPE: as named.
#define WG_CHECK_KIND(kind, condition, ...)                               \
  do {                                                                    \
    if (__builtin_expect(!(condition), 0)) ::wg::fail(kind, __VA_ARGS__); \
  } while (0)
#define WG_CHECK(condition, ...) WG_CHECK_KIND(::wg::Kind::Runtime, condition, __VA_ARGS__)
#define WG_CHECK_INDEX(condition, ...) WG_CHECK_KIND(::wg::Kind::Index, condition, __VA_ARGS__)
#define WG_CHECK_VALUE(condition, ...) WG_CHECK_KIND(::wg::Kind::Value, condition, __VA_ARGS__)
#define WG_CHECK_TYPE(condition, ...) WG_CHECK_KIND(::wg::Kind::Type, condition, __VA_ARGS__)
// An invariant of the machine itself: the user did nothing wrong.
#define WG_ASSERT(condition)                                                                                     \
  WG_CHECK_KIND(::wg::Kind::Internal, condition, "broken invariant `" #condition "` at " __FILE__ ":", __LINE__, \
                "; please report this with the code that led here")
