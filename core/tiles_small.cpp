// Small operands of one floating dtype: their instructions are run as they stand, since planning would cost more than
// it saves.
#include <algorithm>

#include "kernels/tiles.h"
#include "program.h"

namespace wg {
namespace {

constexpr int64_t kSmallWork = 16 * 1024;  // elements times instructions; more is worth a plan, and threads
constexpr int64_t kShortRow = 16;
constexpr int kMostSteps = 16, kMostLeaves = 16;
constexpr int64_t kRoom = 32 * 1024;     // bytes for intermediate values and numbers
constexpr int64_t kBesideNumbers = 256;  // elements in a tile, where a number is to be written into one

// How the operands lie: as one piece, or as rows of `cols` elements (which may be apart, or one for all).
struct Layout {
  const Tensor* model = nullptr;  // an operand of the full shape
  DType dtype = DType::Float32;
  bool flat = true;
  int64_t cols = 1;
  struct Lane {
    const char* data = nullptr;  // null: one number for all elements
    int64_t step = 0;            // bytes from one tile to the next
    bool full = false;           // of the full shape
  } lanes[kMostLeaves];

  // Finds the model; false: the operands are of other kinds.
  bool begin(std::span<const Value> leaves) {
    for (const Value& v : leaves) {
      if (!v.is_tensor()) {
        if (!v.is_number() || v.tag == Tag::Complex) return false;
        continue;
      }
      const Tensor& t = *v.tensor;
      if (t.number || (model && t.dtype != model->dtype)) return false;
      if (!model || t.numel > model->numel || t.ndim() > model->ndim()) model = &t;
    }
    if (!model || model->numel == 0) return false;
    dtype = model->dtype;
    cols = model->ndim() ? model->sizes.back() : 1;
    return dtype == DType::Float32 || dtype == DType::Float64;
  }

  static bool all_one(const Tensor& t) {  // expanded from one element
    for (int i = 0; i < t.ndim(); ++i)
      if (t.strides[i] != 0 && t.sizes[i] != 1) return false;
    return true;
  }

  bool place(const Tensor& t, Lane& lane) {
    lane.full = t.sizes == model->sizes;
    if (lane.full && t.contiguous) {
      lane.data = t.data();
      return true;
    }
    if (t.numel == 1 ? t.ndim() <= model->ndim() : lane.full && all_one(t)) return true;
    flat = false;
    lane.data = t.data();
    if (lane.full) return t.ndim() == 2 && t.strides[1] == 1;
    return t.ndim() == 1 && model->ndim() == 2 && t.contiguous && t.sizes[0] == cols;  // the same row again and again
  }

  bool place_all(std::span<const Value> leaves) {
    for (size_t i = 0; i < leaves.size(); ++i)
      if (leaves[i].is_tensor() && !place(*leaves[i].tensor, lanes[i])) return false;
    return true;
  }

  // How far each lane moves, once it is known in what pieces the elements are taken.
  void set_steps(std::span<const Value> leaves, int64_t width) {
    const int64_t item = size_of(dtype);
    for (size_t i = 0; i < leaves.size(); ++i)
      if (lanes[i].data) {
        const Tensor& t = *leaves[i].tensor;
        lanes[i].step = flat ? width * item : t.ndim() == 2 ? t.strides[0] * item : 0;
      }
  }
};

// The instructions, ready to run.
struct Steps {
  TileFn fn[kMostSteps];
  bool full[kMostSteps];  // its value has the full shape

  // False: an instruction is none of those that give what they take.
  bool begin(std::span<const TileInstr> code, const Layout& at, std::span<const Value> leaves) {
    for (size_t k = 0; k < code.size(); ++k) {
      const FnInfo& f = fn_info(code[k].op->fn);
      if (f.bool_first || f.result == Result::Real || (f.result == Result::Bool && code.size() > 1)) return false;
      full[k] = false;
      bool numbers = true;  // alone: they have another precision than tensors
      for (const Operand& o : code[k].in) {
        numbers &= o.kind == Operand::Leaf && !leaves[o.index].is_tensor();
        full[k] |= o.kind == Operand::Temp ? full[o.index] : at.lanes[o.index].full;
      }
      if (numbers) return false;
      fn[k] = tile_fn(code[k].op->fn, at.dtype);
    }
    return true;
  }
};

void fill_number(char* tile, DType dtype, const Value& v, int64_t n) {
  auto fill = [&]<class T>(T) {
    const T number = v.is_tensor() ? *v.tensor->as<T>() : T(v.to_double());
    fill_tile(tile, &number, sizeof number, n);
  };
  if (dtype == DType::Float32)
    fill(float());
  else
    fill(double());
}

// Whether the result of one instruction can be written there while its operands are read.
bool may_write(Tensor& into, const Layout& at, std::span<const Value> leaves, const FnInfo& f) {
  if (into.dtype != at.dtype || !into.contiguous || !(into.sizes == at.model->sizes) || f.result == Result::Bool)
    return false;
  for (const Value& v : leaves)
    if (v.is_tensor() && v.tensor != &into && v.tensor->storage.get() == into.storage.get()) return false;
  return true;
}

}  // namespace

bool run_small(std::span<const TileInstr> code, std::span<const Value> leaves, std::span<const uint16_t> wanted,
               TensorRef* results, Tensor* into) {
  Layout at;
  Steps steps;
  if (code.size() > kMostSteps || leaves.size() > kMostLeaves || !at.begin(leaves)) return false;
  const int64_t n = at.model->numel, item = size_of(at.dtype);
  if (n * int64_t(code.size()) > kSmallWork || !at.place_all(leaves) || !steps.begin(code, at, leaves)) return false;
  if (into && !may_write(*into, at, leaves, fn_info(code[0].op->fn))) return false;
  for (uint16_t w : wanted)
    if (!steps.full[w]) return false;

  // Room: a tile for each number, and for each value that is not wanted itself.
  int numbers = 0, values = int(code.size() - wanted.size());
  for (size_t i = 0; i < leaves.size(); ++i) numbers += !at.lanes[i].data;
  const int64_t fits = std::min<int64_t>(numbers && at.flat ? kBesideNumbers : kTile,
                                         kRoom / (std::max(numbers + values, 1) * item) / 16 * 16);
  if (!at.flat && (at.cols < kShortRow || at.cols > fits)) return false;
  const int64_t width = at.flat ? std::min(n, fits) : at.cols;
  at.set_steps(leaves, width);
  alignas(64) char room[kRoom];
  char* next = room;
  auto tile = [&] { return std::exchange(next, next + (width * item + 63) / 64 * 64); };
  for (size_t i = 0; i < leaves.size(); ++i) {
    if (at.lanes[i].data) continue;
    char* numbers = tile();
    fill_number(numbers, at.dtype, leaves[i], width);
    at.lanes[i].data = numbers;
  }
  char* made[kMostSteps] = {};
  int64_t moves[kMostSteps] = {};
  for (size_t k = 0; k < wanted.size(); ++k) {
    const bool truth = fn_info(code[wanted[k]].op->fn).result == Result::Bool;
    results[k] = into ? TensorRef(into) : empty(at.model->sizes, truth ? DType::Bool : at.dtype);
    made[wanted[k]] = results[k]->data();
    moves[wanted[k]] = width * (truth ? 1 : item);
  }
  for (size_t k = 0; k < code.size(); ++k)
    if (!made[k]) made[k] = tile();
  for (int64_t done = 0; done < n; done += width) {
    for (size_t k = 0; k < code.size(); ++k) {
      const void* in[kMaxArity];
      for (size_t a = 0; a < code[k].in.size(); ++a) {
        const Operand& o = code[k].in[a];
        in[a] = o.kind == Operand::Temp ? made[o.index] : at.lanes[o.index].data;
      }
      steps.fn[k](made[k], in, std::min(width, n - done));
    }
    for (size_t k = 0; k < code.size(); ++k) made[k] += moves[k];
    for (size_t i = 0; i < leaves.size(); ++i) at.lanes[i].data += at.lanes[i].step;
  }
  return true;
}

}  // namespace wg
