// Bessel functions, Airy's function and orthogonal polynomials, in double: Chebyshev series fitted with mpmath.
#define WG_LEVEL base
#include "../simd/bessel.h"
#include "scalar_special.h"

namespace wg::WG_LEVEL {
namespace {

// K0(x) + log(x / 2) I0(x), 0 <= x² <= 4
constexpr double k_k0_near[] = {-0.267663696616951384,  0.344289899924628487,     0.0359799365153615016,
                                0.00126461541144692592, 0.0000228621210311945179, 2.53479107902614946e-7,
                                1.90451637722020886e-9, 1.03496952576336246e-11,  4.25981614279108258e-14,
                                1.3744654358807509e-16};
// e^x sqrt(x) K0(x), 0 <= 1/x <= 1/2
constexpr double k_k0_far[] = {
    1.22015154103297773,      -0.0314481013119645005,   0.00156988388573005337,  -0.000128495495816278026,
    0.0000139498137188764994, -1.83175552271911948e-6,  2.76681363944501508e-7,  -4.66048989768794767e-8,
    8.57403401741422609e-9,   -1.69753450938906152e-9,  3.57739728140032845e-10, -7.95748924447739704e-11,
    1.85594911495492655e-11,  -4.51459788337451918e-12, 1.14034058820734423e-12, -2.98009692314817835e-13,
    8.03289077506837437e-14,  -2.22751332674629636e-14, 6.34007647627664597e-15, -1.84859337792090717e-15,
    5.51205599940433336e-16,  -1.67823112575490064e-16, 5.21039177764355411e-17, -1.64758059398426328e-17};
// x (K1(x) - log(x / 2) I1(x)), 0 <= x² <= 4
constexpr double k_k1_near[] = {0.762650113669473885,     -0.353155960776544876,    -0.122611180822657148,
                                -0.00697572385963986435,  -0.000173028895751305206, -2.43340614156596823e-6,
                                -2.21338763073472586e-8,  -1.41148839263352776e-10, -6.66690169419932901e-13,
                                -2.42744985051936593e-15, -7.0238634793862876e-18};
// e^x sqrt(x) K1(x), 0 <= 1/x <= 1/2
constexpr double k_k1_far[] = {
    1.36031309524222133,       0.103923736576817238,    -0.00285781685962277939,  0.000195215518471351631,
    -0.0000193619797416608296, 2.40648494783721712e-6,  -3.50196060308781254e-7,  5.74108412545004929e-8,
    -1.0345762465678097e-8,    2.01504975519703462e-9,  -4.19035475934192558e-10, 9.21831518760531413e-11,
    -2.12996783842779102e-11,  5.13963967348234354e-12, -1.28917396094982294e-12, 3.34841966605224312e-13,
    -8.97670518201014607e-14,  2.47715442421959868e-14, -7.01983708921476885e-15, 2.03870316623986088e-15,
    -6.05704727064301782e-16,  1.83809357524304543e-16, -5.68946284919364837e-17, 1.79405104788635729e-17};
// 2 sqrt(pi) e^z x^(1/4) Ai(x) over 1/z, z = 2/3 x^(3/2), x >= 2
constexpr double k_airy_far[] = {
    0.984405304917155196,    -0.0147927848501041987,   0.000732717746542671434, -0.0000612595423417824993,
    6.83476697557269029e-6,  -9.23722973540398155e-7,  1.4362253404380519e-7,   -2.48931942232209598e-8,
    4.7097934400543278e-9,   -9.58386370811273208e-10, 2.07458554836775917e-10, -4.73726733219227696e-11,
    1.13360998082242348e-11, -2.82770678231935085e-12, 7.32071209512559757e-13, -1.95997939110897221e-13,
    5.41011625706839221e-14, -1.53564668022238356e-14, 4.47234039330002478e-15, -1.33380946747566825e-15,
    4.06658204645623099e-16, -1.26558322564528899e-16, 4.0151263340158711e-17,  -1.29699721359609367e-17};
// the part of sqrt(pi) x^(1/4) Ai(-x) along cos(z - pi/4), over 1/z², x >= 3
constexpr double k_airy_p[] = {
    0.998569962631091242,    -0.00139519957690537169,  0.0000326784150640024645, -1.9404091544431854e-6,
    1.88693307955583866e-7,  -2.50813983959403536e-8,  4.14766523533031619e-9,   -8.07083946535944582e-10,
    1.78279248056995634e-10, -4.3617052732019037e-11,  1.16118542736576492e-11,  -3.31977808727985383e-12,
    1.00897710123672451e-12, -3.23414246380143139e-13, 1.08633978346356408e-13,  -3.80393559863853517e-14,
    1.38255393686832096e-14, -5.19678543995160654e-15, 2.01396562263702083e-15,  -8.02575410998412538e-16,
    3.28128074479582656e-16, -1.37359722681634786e-16, 5.87725387635008121e-17,  -2.56636083224865888e-17,
    1.14207142210760352e-17};
// z times the part along sin(z - pi/4)
constexpr double k_airy_q[] = {
    0.068075344742563724,    -0.00130838545827725927,  0.0000555176303557202215, -4.54476586594654587e-6,
    5.46542871280018935e-7,  -8.49063298528918198e-8,  1.58636088972570444e-8,   -3.41073847728459244e-9,
    8.19529208427213303e-10, -2.15597040077895156e-10, 6.11753312335789561e-11,  -1.85118548714323206e-11,
    5.92173419816908235e-12, -1.98859013800793616e-12, 6.97091370140505183e-13,  -2.53903524573491913e-13,
    9.57203089338409433e-14, -3.72288771501750717e-14, 1.48966655952394176e-14,  -6.11776093046276254e-15,
    2.5732888544750706e-15,  -1.10659513561398966e-15, 4.85734685806115074e-16,  -2.17322619712157634e-16,
    9.89825782207556008e-17, -4.58427418911585439e-17, 2.15674962596126211e-17,  -1.02978891745258839e-17,
    4.986033290465527e-18,   -2.44620145864177513e-18, 1.21523282994868905e-18,  -6.10917149802403524e-19};

// The series of Chebyshev polynomials with coefficients c at x in [0, high] (Clenshaw).
template <int n>
double series(const double (&c)[n], double x, double high) {
  double t = 2 * x / high - 1, a = 0, b = 0;
  for (int k = n - 1; k > 0; --k) {
    double next = 2 * t * a - b + c[k];
    b = a;
    a = next;
  }
  return t * a - b + c[0];
}

double airy_middle(double x) {  // the power series
  double cube = x * x * x, f = 1, g = x, p = 1, q = x;
  for (int k = 3; k < 120; k += 3) {
    p *= cube / (k * (k - 1.0));
    q *= cube / (k * (k + 1.0));
    f += p;
    g += q;
    if (std::fabs(p) + std::fabs(q) < 1e-18) break;
  }
  return 0.355028053887817239 * f - 0.258819403792806798 * g;
}

// The three-term recurrences: p(k + 1) from p(k) and p(k - 1), in the type of x. Beyond this degree they would not end
// in sensible time: what has a closed form there uses it, the rest is nan.
constexpr int64_t kMaxDegree = 100000000;
template <class T, class Next>
T recurrence(T p0, T p1, T degree, Next next, int64_t most = kMaxDegree) {
  auto n = int64_t(degree);
  if (n < 0) return 0;
  if (n == 0) return p0;
  if (n > most) return T(kNaN);
  for (int64_t k = 1; k < n && p1 == p1; ++k) {
    T p2 = next(T(k), p1, p0);
    p0 = p1;
    p1 = p2;
  }
  return p1;
}
template <class T>
constexpr int64_t kMaxHermite = sizeof(T) == 4 ? 128 : 512;  // torch's, beyond which the values overflow

template <class T>
bool is_even(T n) {
  return std::fmod(std::trunc(n), T(2)) == 0;
}
// With the values at 1 and (but for the sign of an odd degree) at -1.
template <class T>
T chebyshev(T x, T p1, T n, T at_one, T at_minus_one) {
  if (x == 1 && n >= 0) return at_one;
  if (x == -1 && n >= 0) return is_even(n) ? at_minus_one : -at_minus_one;
  return recurrence(T(1), p1, n, [x](T, T b, T a) { return std::fma(2 * x, b, -a); });
}
template <class T>
T chebyshev_t(T x, T n) {
  if (n > 6 && std::fabs(x) < 1) return std::cos(std::trunc(n) * std::acos(x));
  return chebyshev<T>(x, x, n, 1, 1);
}
template <class T>
T chebyshev_u(T x, T n, T closed = 8) {  // beyond this degree there is a closed form
  if (n > closed && std::fabs(x) < 1) return std::sin((std::trunc(n) + 1) * std::acos(x)) / std::sin(std::acos(x));
  return chebyshev<T>(x, 2 * x, n, std::trunc(n) + 1, std::trunc(n) + 1);
}
template <class T>
T chebyshev_v(T x, T n, T closed = 8) {  // beyond this degree there is a closed form
  if (n > closed && std::fabs(x) < 1)
    return std::cos((std::trunc(n) + T(0.5)) * std::acos(x)) / std::cos(std::acos(x) / 2);
  return chebyshev<T>(x, 2 * x - 1, n, 1, 2 * std::trunc(n) + 1);
}
template <class T>
T chebyshev_w(T x, T n, T closed = 8) {  // beyond this degree there is a closed form
  if (n > closed && std::fabs(x) < 1)
    return std::sin((std::trunc(n) + T(0.5)) * std::acos(x)) / std::sin(std::acos(x) / 2);
  return chebyshev<T>(x, 2 * x + 1, n, 2 * std::trunc(n) + 1, 1);
}
template <class T>
T shifted_t(T x, T n) {
  return chebyshev_t(2 * x - 1, n);
}
template <class T>
T shifted_u(T x, T n) {
  return chebyshev_u(2 * x - 1, n, T(6));
}
template <class T>
T shifted_v(T x, T n) {
  return chebyshev_v(2 * x - 1, n, T(6));
}
template <class T>
T shifted_w(T x, T n) {
  return chebyshev_w(2 * x - 1, n, T(4));
}
template <class T>
T hermite_h(T x, T n) {
  const auto next = [x](T k, T b, T a) { return std::fma(2 * x, b, -(2 * k * a)); };
  return recurrence<T>(1, 2 * x, n, next, kMaxHermite<T>);
}
template <class T>
T hermite_he(T x, T n) {
  return recurrence<T>(1, x, n, [x](T k, T b, T a) { return std::fma(x, b, -(k * a)); }, kMaxHermite<T>);
}
template <class T>
T laguerre(T x, T n) {
  if (x == 0 && n >= 0) return 1;
  const auto next = [x](T k, T b, T a) { return std::fma(2 * k + (1 - x), b, -(k * a)) / (k + 1); };
  return recurrence<T>(1, 1 - x, n, next);
}
template <class T>
T legendre(T x, T n) {
  if (std::fabs(x) == 1 && n >= 0) return x > 0 || is_even(n) ? T(1) : T(-1);
  return recurrence<T>(1, x, n, [x](T k, T b, T a) { return std::fma((2 * k + 1) * x, b, -(k * a)) / (k + 1); });
}

}  // namespace

double fn_i0e(double x) { return i0e(x); }
double fn_i0(double x) { return i0(x); }
double fn_i1e(double x) { return i1e(x); }
double fn_i1(double x) { return i1(x); }
double fn_scaled_modified_bessel_k0(double x) {
  if (!(x > 0)) return x == 0 ? kInfinity : kNaN;
  if (x > 2) return series(k_k0_far, 1 / x, 0.5) / std::sqrt(x);
  return (series(k_k0_near, x * x, 4) - std::log(x / 2) * fn_i0(x)) * std::exp(x);
}
double fn_modified_bessel_k0(double x) {
  return x > 0 ? fn_scaled_modified_bessel_k0(x) * std::exp(-x) : x == 0 ? kInfinity : kNaN;
}
double fn_scaled_modified_bessel_k1(double x) {
  if (!(x > 0)) return x == 0 ? kInfinity : kNaN;
  if (x > 2) return series(k_k1_far, 1 / x, 0.5) / std::sqrt(x);
  return (series(k_k1_near, x * x, 4) / x + std::log(x / 2) * fn_i1(x)) * std::exp(x);
}
double fn_modified_bessel_k1(double x) {
  return x > 0 ? fn_scaled_modified_bessel_k1(x) * std::exp(-x) : x == 0 ? kInfinity : kNaN;
}

double fn_bessel_j0(double x) { return std::isinf(x) ? kNaN : ::j0(x); }
double fn_bessel_j1(double x) { return std::isinf(x) ? kNaN : ::j1(x); }
double fn_bessel_y0(double x) { return x > 0 && std::isfinite(x) ? ::y0(x) : x == 0 ? -kInfinity : kNaN; }
double fn_bessel_y1(double x) { return x > 0 && std::isfinite(x) ? ::y1(x) : x == 0 ? -kInfinity : kNaN; }
double fn_spherical_bessel_j0(double x) {
  if (std::isinf(x)) return 0;
  return x == 0 ? 1 : std::sin(x) / x;
}

double fn_airy_ai(double x) {
  if (!std::isfinite(x)) return kNaN;
  if (x > -3 && x < 2) return airy_middle(x);
  double a = std::fabs(x), z = 2.0 / 3 * a * std::sqrt(a), fourth = std::sqrt(std::sqrt(a));
  if (x > 0) return series(k_airy_far, 1 / z, 0.53033008588991064) * std::exp(-z) * 0.28209479177387814 / fourth;
  double w = 1 / (z * z), high = 0.083333333333333333, t = z - kPi / 4;
  double p = series(k_airy_p, w, high), q = series(k_airy_q, w, high) / z;
  return (p * std::cos(t) + q * std::sin(t)) * 0.56418958354775629 / fourth;
}

#define WG_POLYNOMIAL(name, of)                                 \
  float fn_##name(float x, float n) { return of<float>(x, n); } \
  double fn_##name(double x, double n) { return of<double>(x, n); }
WG_POLYNOMIAL(chebyshev_polynomial_t, chebyshev_t)
WG_POLYNOMIAL(chebyshev_polynomial_u, chebyshev_u)
WG_POLYNOMIAL(chebyshev_polynomial_v, chebyshev_v)
WG_POLYNOMIAL(chebyshev_polynomial_w, chebyshev_w)
WG_POLYNOMIAL(shifted_chebyshev_polynomial_t, shifted_t)
WG_POLYNOMIAL(shifted_chebyshev_polynomial_u, shifted_u)
WG_POLYNOMIAL(shifted_chebyshev_polynomial_v, shifted_v)
WG_POLYNOMIAL(shifted_chebyshev_polynomial_w, shifted_w)
WG_POLYNOMIAL(hermite_polynomial_h, hermite_h)
WG_POLYNOMIAL(hermite_polynomial_he, hermite_he)
WG_POLYNOMIAL(laguerre_polynomial_l, laguerre)
WG_POLYNOMIAL(legendre_polynomial_p, legendre)
#undef WG_POLYNOMIAL

}  // namespace wg::WG_LEVEL
