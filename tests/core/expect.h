// What a C++ test says when something is not as expected; `failures` counts.
#pragma once
#include <cstdio>
#include <string>

#include "error.h"

inline int failures = 0;

#define EXPECT(condition)                                                  \
  do {                                                                     \
    if (!(condition)) {                                                    \
      std::printf("%s:%d: expected %s\n", __FILE__, __LINE__, #condition); \
      ++failures;                                                          \
    }                                                                      \
  } while (0)

// f fails as `right` says.
template <class F, class Right>
void expect_failure(const std::string& text, F&& f, Right&& right) {
  try {
    f();
  } catch (const wg::Error& e) {
    if (right(e)) return;
    std::printf("expected `%s`, got `%s`\n", text.c_str(), e.what());
    ++failures;
    return;
  }
  std::printf("expected `%s`, got no error\n", text.c_str());
  ++failures;
}

// An error whose message has this text in it.
template <class F>
void expect_error(const std::string& text, F&& f) {
  expect_failure(text, f, [&](const wg::Error& e) { return std::string(e.what()).find(text) != std::string::npos; });
}

// An error of this kind with this very message.
template <class F>
void expect_error(wg::Kind kind, const std::string& text, F&& f) {
  expect_failure(text, f, [&](const wg::Error& e) { return e.kind == kind && text == e.what(); });
}
