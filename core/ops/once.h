// Warnings that are given once in the life of a program.
#pragma once
#include <mutex>
#include <set>
#include <string>

#include "../apply.h"

namespace wg {

inline void warn_once(const std::string& text) {
  static std::mutex one_at_a_time;
  static std::set<std::string> said;
  {
    const std::lock_guard hold(one_at_a_time);
    if (!said.insert(text).second) return;
  }
  warn(text);
}

}  // namespace wg
