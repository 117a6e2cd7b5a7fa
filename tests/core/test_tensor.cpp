// Storages and tensors: sizes that overflow, windows that leave their memory, sharing, resizing, freeing.
#include "tensor.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "expect.h"

using namespace wg;

static void made() {
  TensorRef t = zeros({2, 3}, DType::Float32);
  EXPECT(t->numel == 6 && t->contiguous && t->nbytes() == 24);
  for (int i = 0; i < 6; ++i) EXPECT(t->as<float>()[i] == 0);
  EXPECT(reinterpret_cast<uintptr_t>(empty({1000}, DType::Float64)->data()) % 64 == 0);
  TensorRef f = full({4}, 1.5, DType::Float64);
  EXPECT(f->as<double>()[3] == 1.5);
  EXPECT(empty({0, 5}, DType::Int8)->numel == 0);
  EXPECT(zeros({}, DType::Bool)->numel == 1);
}

static void windows() {
  TensorRef t = zeros({4, 3}, DType::Int64);
  for (int i = 0; i < 12; ++i) t->as<int64_t>()[i] = i;
  TensorRef column = alias(*t, {4}, {3}, 2);
  EXPECT(!column->contiguous && column->as<int64_t>()[3 * 3] == 11);
  EXPECT(column->storage.get() == t->storage.get());
  TensorRef dense = contiguous(*column);
  EXPECT(dense->contiguous && dense->as<int64_t>()[3] == 11 && dense->storage.get() != t->storage.get());
  EXPECT(contiguous(*t).get() == t.get());
  alias(*t, {1 << 20}, {0}, 11);  // one element, seen often
  alias(*t, {0, 1 << 20}, {5, 7}, 0);
  expect_error("out of bounds for storage of size 96", [&] { alias(*t, {4}, {3}, 3); });
  expect_error("out of bounds", [&] { alias(*t, {1}, {1}, 12); });
  expect_error("invalid storage offset -1", [&] { alias(*t, {1}, {1}, -1); });
  expect_error("Negative strides", [&] { alias(*t, {2}, {-1}, 3); });
  // Numbers that wrap around to something harmless.
  expect_error("out of bounds", [&] { alias(*t, {2}, {int64_t(1) << 61}, 0); });
  expect_error("out of bounds", [&] { alias(*t, {1}, {1}, int64_t(1) << 61); });
  expect_error("overflowed", [&] { alias(*t, {3}, {INT64_MAX}, 0); });
  expect_error("overflow", [&] { alias(*t, {int64_t(1) << 40, int64_t(1) << 40}, {0, 0}, 0); });
}

static void too_large() {
  expect_error("overflow", [] { empty({int64_t(1) << 61}, DType::Float64); });
  expect_error("overflow", [] { empty({int64_t(1) << 32, int64_t(1) << 32}, DType::Bool); });
  expect_error("negative dimension", [] { empty({2, -1}, DType::Float32); });
  expect_error("overflowed", [] { empty_strided({2, 2}, {INT64_MAX, 1}, DType::Float32); });
  EXPECT(empty({int64_t(1) << 40, 0}, DType::Float32)->numel == 0);
}

static void resized() {
  for (int from : {1, 20, 500})
    for (int to : {1, 20, 500, 5000}) {
      TensorRef t = empty({from}, DType::Int32);
      for (int i = 0; i < from; ++i) t->as<int32_t>()[i] = i;
      resize_storage(*t->storage, size_t(to) * 4);
      auto* p = reinterpret_cast<int32_t*>(t->storage->data);
      for (int i = 0; i < std::min(from, to); ++i) EXPECT(p[i] == i);
      for (int i = 0; i < to; ++i) p[i] = -i;  // all of it may be written
    }
}

static void borrowed() {
  static int released = 0;
  static float memory[3] = {1, 2, 3};
  {
    Own<Storage> s = borrow_storage(memory, sizeof memory, nullptr, [](Storage*) { ++released; });
    EXPECT(s->nbytes == 12 && reinterpret_cast<float*>(s->data)[2] == 3);
  }
  EXPECT(released == 1);
}

static void versions() {
  TensorRef t = zeros({2}, DType::Float32), v = alias(*t);
  EXPECT(&version_of(*t) == &version_of(*v));
  TensorRef n = empty({}, DType::Float64);
  EXPECT(&version_of(*n) != &version_of(*t));
}

int main() {
  made();
  windows();
  too_large();
  resized();
  borrowed();
  versions();
  if (failures == 0) std::printf("tensors: ok\n");
  return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
