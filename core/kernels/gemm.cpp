// Chooses how a matrix product runs, splits it into tiles fixed by its shape, and knows OpenBLAS.
#include "gemm.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <string>

#include "../parallel.h"
#include "gemm_kernels.h"
#include "scratch.h"

namespace wg {
namespace {

constexpr int64_t kSmall = 32 * 32 * 32;        // multiplications: below, packing costs more than it saves
constexpr int64_t kTileWork = 128 * 128 * 256;  // of one tile of a product in plain loops or by OpenBLAS
constexpr int64_t kMinSide = 128;               // of such a tile: smaller ones cost OpenBLAS a fifth; half of it …
constexpr int64_t kThin = 24;                   // rows: fewer do not pay for packing b
constexpr int64_t kFewTiles = 4;                // … while there are fewer tiles than this
constexpr int64_t kBlockWork = 64 * 64 * 256;   // of one block of a packed product: some 20 microseconds
constexpr int64_t kBlockRows = 16;              // of a block, at least
constexpr int64_t kDenseRow = 512;   // elements between rows of b that is read as it lies: few pages of memory
constexpr int64_t kBlockPanels = 8;  // of b, at most: a block of the depth stays in the second-level cache

struct Blas {
  void* handle = nullptr;
  bool prefixed = true;
  void (*cgemm)(int, int, int, int, int, int, const void*, const void*, int, const void*, int, const void*, void*,
                int) = nullptr;
  void (*zgemm)(int, int, int, int, int, int, const void*, const void*, int, const void*, int, const void*, void*,
                int) = nullptr;

  void* find(const char* name) const {
    return handle ? dlsym(handle, (prefixed ? std::string("scipy_") + name : std::string(name)).c_str()) : nullptr;
  }
  template <class F>
  void get(F& f, const char* name) {
    f = reinterpret_cast<F>(find(name));
  }
};

std::string& blas_path() {
  static std::string path;
  return path;
}

// OpenBLAS starts a thread per core when it is loaded unless the environment says otherwise; our pool is enough.
void* open_library(const char* path) {
  const char* name = "OPENBLAS_NUM_THREADS";
  const char* before = std::getenv(name);
  std::string saved = before ? before : "";
  setenv(name, "1", 1);
  void* handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (before)
    setenv(name, saved.c_str(), 1);
  else
    unsetenv(name);
  return handle;
}

const Blas& blas() {
  static Blas b;
  static std::once_flag once;
  std::call_once(once, [] {
    if (blas_path().empty()) return;
    b.handle = open_library(blas_path().c_str());
    b.prefixed = b.find("cblas_cgemm") != nullptr;
    b.get(b.cgemm, "cblas_cgemm");
    b.get(b.zgemm, "cblas_zgemm");
    void (*set_threads)(int) = nullptr;
    b.get(set_threads, "openblas_set_num_threads");
    if (set_threads) set_threads(1);
  });
  return b;
}

// The largest side of products that multiply, then add, one term after the other: torch's do, and have the same bits.
constexpr int64_t kInOrder = 8;

template <class T>
void in_order(const Gemm& g, const T* a, const T* b, T* c) {
  using Acc = std::conditional_t<is_reduced_v<T>, float, std::conditional_t<std::is_integral_v<T>, int64_t, T>>;
  Acc alpha, beta;
  if constexpr (is_complex_v<T>)
    alpha = T(g.alpha), beta = T(g.beta);
  else
    alpha = Acc(g.alpha.real()), beta = Acc(g.beta.real());
  constexpr int64_t kWide = 64;
  Acc sums[kWide];
  for (int64_t i = 0; i < g.m; ++i)
    for (int64_t j = 0; j < g.n; j += kWide) {
      int64_t wide = std::min(kWide, g.n - j);
      std::fill_n(sums, wide, Acc(0));
      for (int64_t p = 0; p < g.k; ++p) {
        Acc left = Acc(a[i * g.a.row + p * g.a.col]);
        const T* right = b + p * g.b.row + j * g.b.col;
        for (int64_t v = 0; v < wide; ++v) sums[v] += left * Acc(right[v * g.b.col]);
      }
      T* to = c + i * g.c.row + j;
      for (int64_t v = 0; v < wide; ++v)
        to[v] = beta != Acc(0) ? T(alpha * sums[v] + beta * Acc(to[v])) : T(alpha * sums[v]);
    }
}

template <class T>
SmallGemm<T> small_gemm() {
  const GemmKernels& kernels = gemm_table();
  if constexpr (std::is_same_v<T, float>) return kernels.small_float;
  if constexpr (std::is_same_v<T, double>) return kernels.small_double;
  if constexpr (std::is_same_v<T, int32_t>) return kernels.small_int;
  if constexpr (std::is_same_v<T, int64_t>) return kernels.small_long;
}

// One product on this thread with our own loops: any type, any strides; sums in float for half precision.
template <class T>
void plain(const Gemm& g, const T* a, const T* b, T* c) {
  constexpr bool kReal = std::is_same_v<T, float> || std::is_same_v<T, double>;
  constexpr bool kWraps = std::is_same_v<T, int32_t> || std::is_same_v<T, int64_t>;  // sums: any order will do
  if constexpr (kReal || kWraps)
    if (kWraps || std::max({g.m, g.n, g.k}) > kInOrder)
      return small_gemm<T>()(g.m, g.n, g.k, T(g.alpha.real()), a, g.a.row, g.a.col, b, g.b.row, g.b.col,
                             T(g.beta.real()), c, g.c.row);
  in_order(g, a, b, c);
}

bool has_blas(DType d) { return is_complex(d) && blas().cgemm && blas().zgemm; }

// One tile with OpenBLAS; the leading dimension of a single row or column may be any number that is large enough.
template <class T>
void with_blas(const Gemm& g, const T* a, const T* b, T* c) {
  constexpr int kRowMajor = 101, kNo = 111, kTrans = 112;
  auto layout = [](const Matrix& x, int64_t rows, int64_t cols, int* ld) {
    bool plain = (x.col == 1 || cols == 1) && (x.row >= cols || rows == 1);
    *ld = int(plain ? std::max(rows == 1 ? cols : x.row, int64_t(1)) : std::max(cols == 1 ? rows : x.col, int64_t(1)));
    return plain ? kNo : kTrans;
  };
  int lda, ldb, ldc = int(std::max(g.c.row, g.n));
  int ta = layout(g.a, g.m, g.k, &lda), tb = layout(g.b, g.k, g.n, &ldb);
  int m = int(g.m), n = int(g.n), k = int(g.k);
  if constexpr (std::is_same_v<T, complex64>) {
    complex64 alpha(g.alpha), beta(g.beta);
    blas().cgemm(kRowMajor, ta, tb, m, n, k, &alpha, a, lda, b, ldb, &beta, c, ldc);
  }
  if constexpr (std::is_same_v<T, complex128>)
    blas().zgemm(kRowMajor, ta, tb, m, n, k, &g.alpha, a, lda, b, ldb, &g.beta, c, ldc);
}

// How one product is cut: halve the longer side while the tiles are large. Depends on the shape alone.
struct Grid {
  int64_t rows, cols, down, across;  // size of a tile, number of tiles
};
Grid cut(int64_t m, int64_t n, int64_t k) {
  int64_t rows = m, cols = n;
  while (double(rows) * double(cols) * double(k) > double(kTileWork)) {
    const int64_t tiles = ((m + rows - 1) / rows) * ((n + cols - 1) / cols);
    if (tiles >= 64 || std::max(rows, cols) < (tiles < kFewTiles ? kMinSide : 2 * kMinSide)) break;
    int64_t& side = rows >= cols ? rows : cols;
    side = ((side + 1) / 2 + 15) / 16 * 16;
  }
  return {rows, cols, rows ? (m + rows - 1) / rows : 0, cols ? (n + cols - 1) / cols : 0};
}

// c = bias, for those who add to c.
template <class T>
void start_with(Gemm& g, T* c) {
  for (int64_t i = 0; i < g.m; ++i) std::copy_n(reinterpret_cast<const T*>(g.bias), g.n, c + i * g.c.row);
  g.beta = 1, g.bias = nullptr;
}

// Whether the rows of b can be read as they are.
template <class T>
bool read_as_it_lies(const Gemm& g) {
  return g.b.col == 1 && g.b.row <= kDenseRow && g.n % tiles_of<T>().vector == 0;
}

// One block of a product on this thread: slices of b are packed if they must be, and multiplied by the rows of a.
template <class T>
void block(const Gemm& g, const T* a, const T* b, T* c) {
  const GemmTilesOf<T>& kernels = tiles_of<T>();
  const bool packed = g.right == Right::Packed;
  const bool plain = g.right == Right::Plain && !read_as_it_lies<T>(g);
  const int64_t wide = plain ? (g.n + kernels.panel - 1) / kernels.panel * kernels.panel : 0;
  T* room = reinterpret_cast<T*>(scratch<Scratch::Panels>(size_t(std::min(g.k, kGemmDepth) * wide) * sizeof(T)));
  T beta = T(g.beta.real());
  const T* bias = reinterpret_cast<const T*>(g.bias);
  for (int64_t p = 0; p < g.k; p += kGemmDepth, beta = 1, bias = nullptr) {
    const int64_t deep = std::min(kGemmDepth, g.k - p);
    GemmPanels<T> t{g.m,     g.n,     deep,   T(g.alpha.real()), a + p * g.a.col,
                    g.a.row, g.a.col, room,   kernels.panel,     deep * kernels.panel,
                    beta,    c,       g.c.row};
    t.bias = bias;
    if (plain)
      kernels.pack(deep, g.n, b + p * g.b.row, g.b.row, g.b.col, room);
    else if (packed)
      t.b = b + p * kernels.panel, t.b_panel = g.k * kernels.panel;
    else
      t.b = b + p * g.b.row, t.b_row = g.b.row, t.b_panel = kernels.panel;
    kernels.multiply(t);
  }
}

// What an element of an operand costs each block that reads it, in cycles: packing costs more than reading.
struct ReadCosts {
  double left, right;
};
template <class T>
ReadCosts read_costs(const Gemm& g) {
  const bool plain = g.right == Right::Plain && !read_as_it_lies<T>(g);
  return {g.a.col == 1 ? 0.1 : 0.6, plain ? 0.8 : 0.15};
}

// How a product is cut into some 8 blocks, or for a large one up to 64: so that the halves of them take two threads
// alike, and that its operands are read, and packed, as little as can be.
Grid blocks(int64_t m, int64_t n, double work, int64_t panel, ReadCosts cost) {
  constexpr double kEach = 1.0 / 16;  // cycles of a multiplication
  const int64_t wanted = std::max(std::clamp<int64_t>(int64_t(work / double(kBlockWork)), 1, 8),
                                  std::min<int64_t>(int64_t(work / double(8 * kBlockWork)), 64));
  const int64_t panels = (n + panel - 1) / panel;
  Grid best{};
  double least = 0;
  for (int64_t down = 1; down <= wanted && (down == 1 || m >= down * kBlockRows); ++down)
    for (int64_t wide = std::min(panels, kBlockPanels); wide; --wide) {
      Grid g{((m + down - 1) / down + 7) / 8 * 8, wide * panel, 0, 0};
      g.down = (m + g.rows - 1) / g.rows, g.across = (n + g.cols - 1) / g.cols;
      const int64_t count = g.down * g.across, half = count / 2, row = half / g.across * g.rows;
      if (best.rows && (count > wanted || 2 * count <= wanted)) continue;
      const int64_t first = row * n + std::min(g.rows, m - row) * std::min(half % g.across * g.cols, n);
      const double cycles = double(std::max(first, m * n - first)) * kEach +
                            (double(g.across * m) * cost.left + double(g.down * n) * cost.right) / 2;
      if (!best.rows || cycles < least || best.down * best.across * 2 <= wanted) best = g, least = cycles;
    }
  return best;
}

template <class T>
void run(const Gemm& g) {
  double work = double(g.m) * double(g.n) * double(std::max<int64_t>(g.k, 1));
  constexpr bool kPacked = std::is_same_v<T, float> || std::is_same_v<T, double>;
  const bool packed = g.right == Right::Packed && g.k > 0;
  // A few rows: b is read once, as it lies. Transposed, as in a linear layer, that takes sums along k, which have to be
  // long or few to be worth their ends.
  const bool sums = g.a.col == 1 && g.b.row == 1 && g.k >= kLongSum && (g.k >= 4 * kLongSum || g.m <= kThin / 3);
  const bool thin = kPacked && g.m <= kThin && (g.b.col == 1 || sums);
  // Complex sums in our own loops take ten cycles a term.
  const bool small = work <= double(is_complex_v<T> ? kInOrder * kInOrder * kInOrder : kSmall);
  bool own = !packed && (g.m == 1 || g.n == 1 || g.k == 0 || small || thin);
  bool fast = !own && !kPacked && gemm_ready(g.a, g.m, g.k) && gemm_ready(g.b, g.k, g.n) && has_blas(g.dtype);
  Grid grid = cut(g.m, g.n, g.k);
  if constexpr (kPacked)
    if (!own) grid = blocks(g.m, g.n, work, tiles_of<T>().panel, read_costs<T>(g));
  int64_t tiles = grid.down * grid.across, total = tiles * g.batch;
  auto body = [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      int64_t batch = t / tiles, i = t % tiles / grid.across * grid.rows, j = t % grid.across * grid.cols;
      Gemm part = g;
      part.m = std::min(grid.rows, g.m - i);
      part.n = std::min(grid.cols, g.n - j);
      const T* a = reinterpret_cast<const T*>(g.a.data) + batch * g.a_step + i * g.a.row;
      const T* b = reinterpret_cast<const T*>(g.b.data) + batch * g.b_step + j * (packed ? g.k : g.b.col);
      T* c = reinterpret_cast<T*>(g.c.data) + batch * g.c_step + i * g.c.row + j;
      if (g.bias) part.bias += j * int64_t(sizeof(T));
      if (g.bias && (own || !kPacked)) start_with<T>(part, c);
      if constexpr (kPacked)
        own ? plain<T>(part, a, b, c) : block<T>(part, a, b, c);
      else
        fast ? with_blas<T>(part, a, b, c) : plain<T>(part, a, b, c);
    }
  };
  double tile_work = work / double(std::max<int64_t>(tiles, 1));
  const int64_t least = kPacked && !own ? kBlockWork / 2 : kTileWork / 4;
  parallel_for(total, std::max<int64_t>(1, int64_t(double(least) / std::max(tile_work, 1.0))), body);
}

// All parts for one block of c, then the next block.
template <class T>
void run_sum(std::vector<Gemm> parts, std::unique_ptr<Background>* later) {
  const Gemm one = parts[0];
  int64_t depth = 0;
  for (const Gemm& g : parts) depth += g.k;
  const double work = double(one.m) * double(one.n) * double(depth);
  const Grid grid = blocks(one.m, one.n, work, tiles_of<T>().panel, read_costs<T>(one));
  const int64_t tiles = grid.down * grid.across, grain = int64_t(double(kBlockWork / 2) / (work / double(tiles)));
  auto body = [grid, parts = std::move(parts)](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      const int64_t i = t / grid.across * grid.rows, j = t % grid.across * grid.cols;
      for (Gemm g : parts) {
        g.m = std::min(grid.rows, g.m - i), g.n = std::min(grid.cols, g.n - j);
        block<T>(g, reinterpret_cast<const T*>(g.a.data) + i * g.a.row,
                 reinterpret_cast<const T*>(g.b.data) + j * g.b.col, reinterpret_cast<T*>(g.c.data) + i * g.c.row + j);
      }
    }
  };
  if (later)
    *later = std::make_unique<Background>(tiles, std::max<int64_t>(1, grain), std::move(body));
  else
    parallel_for(tiles, std::max<int64_t>(1, grain), body);
}

template <class T, class Acc>
Acc dot_strided(int64_t n, const T* x, int64_t x_step, const T* y, int64_t y_step, bool conj) {
  Acc sum = 0;
  for (int64_t i = 0; i < n; ++i) {
    Acc left = Acc(x[i * x_step]);
    if constexpr (is_complex_v<T>) left = conj ? std::conj(left) : left;
    sum += left * Acc(y[i * y_step]);
  }
  return sum;
}

// Halves down to blocks: accurate, and the same tree for the same length.
template <class T, class Acc>
Acc dot_tree(int64_t n, const T* x, int64_t x_step, const T* y, int64_t y_step, bool conj) {
  constexpr int64_t kBlock = 4096;
  if (n > kBlock) {
    int64_t half = (n / 2 + kBlock - 1) / kBlock * kBlock;
    return dot_tree<T, Acc>(half, x, x_step, y, y_step, conj) +
           dot_tree<T, Acc>(n - half, x + half * x_step, x_step, y + half * y_step, y_step, conj);
  }
  if constexpr (std::is_same_v<T, float>)
    if (x_step == 1 && y_step == 1) return gemm_table().dot_float(n, x, y);
  if constexpr (std::is_same_v<T, double>)
    if (x_step == 1 && y_step == 1) return gemm_table().dot_double(n, x, y);
  return dot_strided<T, Acc>(n, x, x_step, y, y_step, conj);
}

}  // namespace

void set_blas_library(const char* path) { blas_path() = path; }
bool blas_loaded() { return blas().handle != nullptr; }
void* blas_symbol(const char* name) { return blas().find(name); }

bool gemm_ready(const Matrix& x, int64_t rows, int64_t cols) {
  constexpr int64_t kMax = INT32_MAX;
  if (rows > kMax || cols > kMax || x.row > kMax || x.col > kMax) return false;
  bool plain = (x.col == 1 || cols == 1) && (x.row >= std::max<int64_t>(cols, 1) || rows == 1);
  bool trans = (x.row == 1 || rows == 1) && (x.col >= std::max<int64_t>(rows, 1) || cols == 1);
  return plain || trans;
}

void gemm(const Gemm& g) {
  if (g.m == 0 || g.n == 0 || g.batch == 0) return;
  if (g.n == 1 && g.m > 1 && g.c.row == 1 && g.batch == 1 && !g.bias &&
      g.right == Right::Plain) {  // a column: its transpose is one contiguous row
    Gemm t = g;
    t.m = 1, t.n = g.m;
    t.a = {g.b.data, g.b.col, g.b.row};
    t.b = {g.a.data, g.a.col, g.a.row};
    t.c = {g.c.data, g.m, 1};
    return gemm(t);
  }
  visit(g.dtype, [&]<class T>() {
    if constexpr (!std::is_same_v<T, bool>) run<T>(g);
  });
}

void gemm_sum(std::vector<Gemm> parts, std::unique_ptr<Background>* work) {
  parts[0].dtype == DType::Float32 ? run_sum<float>(std::move(parts), work) : run_sum<double>(std::move(parts), work);
}

int64_t packed_numel(DType dtype, int64_t k, int64_t n) {
  const int64_t panel = dtype == DType::Float32 ? tiles_of<float>().panel : tiles_of<double>().panel;
  return (n + panel - 1) / panel * panel * k;
}

void pack(DType dtype, int64_t k, int64_t n, const Matrix& b, char* to) {
  auto with = [&]<class T>(T*) {
    tiles_of<T>().pack(k, n, reinterpret_cast<const T*>(b.data), b.row, b.col, reinterpret_cast<T*>(to));
  };
  dtype == DType::Float32 ? with((float*)nullptr) : with((double*)nullptr);
}

void dot(DType dtype, int64_t n, const char* x, int64_t x_step, const char* y, int64_t y_step, bool conj, char* out) {
  visit(dtype, [&]<class T>() {
    if constexpr (!std::is_same_v<T, bool>) {
      using Acc = std::conditional_t<is_reduced_v<T>, float, std::conditional_t<std::is_integral_v<T>, int64_t, T>>;
      *reinterpret_cast<T*>(out) =
          T(dot_tree<T, Acc>(n, reinterpret_cast<const T*>(x), x_step, reinterpret_cast<const T*>(y), y_step, conj));
    }
  });
}

}  // namespace wg
