// Branch-free asin, acos, asinh, acosh, atanh, erfinv for float and double, in the manner of math.h. All compute in
// double: in float what they give is then the nearest number nearly always.
#pragma once
#include "math.h"

namespace wg::WG_LEVEL {

// (asin(x) / x - 1) / x² for z = x², |x| <= 1/2
WG_INLINE double asin_tail(double z, double) {
  return poly(z, 0.1666666666666666667, 0.07500000000000000658, 0.04464285714285491106, 0.03038194444474314785,
              0.02237215906996018128, 0.01735276530928495347, 0.01396481921417254245, 0.01155226857391516509,
              0.009755275316163121422, 0.00845240606574980495, 0.006869444870480545387, 0.00874110307735091933,
              -0.002716881108526457338, 0.02649202734130458257, -0.02928865249278064344, 0.03207412686737456964);
}
WG_INLINE double asin_tail(double z, float) {
  return poly(z, 0.166666666655, 0.07500000598829, 0.04464235848488, 0.03039763413058, 0.02213244362342,
              0.01930626086941, 0.005443185102648, 0.02930523970544);
}
// asin(t) for t = |x| up to a half, t = sqrt((1 - |x|) / 2) beyond; `Digits` says how many are wanted
template <class Digits>
struct HalfArc {
  bool far;
  double t, rest;  // t + rest
  WG_INLINE explicit HalfArc(double a) {
    far = a > 0.5;
    double z = far ? (1.0 - a) * 0.5 : a * a;
    t = far ? root(z) : a;
    rest = t * z * asin_tail(z, Digits());
  }
};
inline constexpr double kHalfPi = 1.570796326794896619231321692, kHalfPiLow = 6.123233995736766036e-17;
template <class T>
WG_INLINE T asin(T x) {
  const HalfArc<T> h(absolute(double(x)));
  double near = h.t + h.rest, beyond = kHalfPi - (2.0 * near - kHalfPiLow);
  return T(with_sign(h.far ? beyond : near, double(x)));
}
template <class T>
WG_INLINE T acos(T x) {
  const HalfArc<T> h(absolute(double(x)));
  double arc = h.t + h.rest, twice = 2.0 * arc, over = 2.0 * (kHalfPi - (arc - kHalfPiLow));
  double t = with_sign(h.t, double(x)), near = kHalfPi - (t - (kHalfPiLow - with_sign(h.rest, t)));
  return T(h.far ? x < T(0) ? over : twice : near);
}

template <class T>
WG_INLINE T atanh(T x) {
  double a = absolute(double(x)), b = a + a, q = b / (1.0 - a);
  return T(with_sign(0.5 * log1p(a < 0.5 ? b + a * q : q), double(x)));
}
// log(2 a) of numbers whose square would be out of range
inline constexpr double kWide = 0x1p500, kLn2 = 0.6931471805599453094172321215;
template <class T>
WG_INLINE T asinh(T x) {
  double a = absolute(double(x)), z = a * a, near = a + z / (1.0 + root(1.0 + z));
  bool wide = a > kWide;
  return T(with_sign(log1p(wide ? a : near) + (wide ? kLn2 : 0.0), double(x)));
}
template <class T>
WG_INLINE T acosh(T x) {
  double d = double(x), t = d - 1.0, near = t + root(t * (t + 2.0));
  bool wide = d > kWide;
  double y = log1p(wide ? d : near) + (wide ? kLn2 : 0.0);
  return T(t < 0.0 ? kNan<double> : y);
}

// erfinv(x) / x for w = -log(1 - x²): of w - 3.125 where w <= 6.25, of sqrt(w) - 3.25 up to 16, of sqrt(w) - 5 beyond
WG_INLINE double erfinv_middle(double u, double) {
  return poly(u, 1.6536545626831027462, 0.24015818242558832428, -0.0060336708714278498839, -7.407025341544769871e-4,
              1.8673420802464837717e-4, -1.3882523394405316701e-5, -1.3654691850603575084e-6, 4.2347881737823392581e-7,
              -2.9070382262927266389e-8, -4.1126608200232400759e-9, 1.0512181539804126687e-9, -5.41428719808471606e-11,
              -1.2976885526532075645e-11, 2.6304834740560441484e-12, -8.1183994430743531936e-14,
              -4.0012377350918958564e-14, 6.5964077124208341111e-15, -4.0282154327661742238e-17,
              -1.3016928016796444876e-16, 1.5574320246233252171e-17, 1.1500222520662529727e-18,
              -3.4996044354754177822e-19, -1.1134837698327019363e-21, 3.2407044593799019112e-21);
}
WG_INLINE double erfinv_middle(double u, float) {
  return poly(u, 1.6536545626831, 0.24015817844735, -0.0060336710322855, -7.4069103254302e-4, 1.8673466051692e-4,
              -1.3892141245923e-5, -1.3658217507589e-6, 4.2698513895053e-7, -2.8958960379483e-8, -4.752745619152e-9,
              1.0363882341451e-9, 5.6882164791171e-12, -1.2570814414524e-11);
}
WG_INLINE double erfinv_outer(double s, double) {
  double near = s - 3.25, far = s - 5.0;
  double y =
      poly(near, 3.0838856104922206759, 1.0052589676941652868, 0.0053709145535551934772, -0.003751208508212301641,
           0.0024914420979474624235, -0.001688275535922944546, 9.5328934179717185184e-4, -3.5503780548660541073e-4,
           2.4031510333402778615e-5, 6.8287037478660424918e-5, -4.7320663765921498336e-5, 1.2465491119821971126e-5,
           2.9325098478187640688e-6, -3.9873874447284113507e-6, 1.4817700724440275708e-6, -2.375855143196713629e-8,
           -2.4575951116574505185e-7, 1.2615581825821949851e-7, -2.069517147547174443e-8, -1.1026108255046087081e-8,
           7.6019658382112497143e-9, -1.445507550789193481e-9);
  double z =
      poly(far, 4.8499064014085843415, 1.0103004648645448612, -1.3871931838010740152e-4, -2.150301197991131708e-4,
           7.5995278096014696981e-5, -1.9681771197376800127e-5, 4.5260525302388062901e-6, -9.9302548442014447129e-7,
           2.2905281981040537082e-7, -6.7572770192845522195e-8, 2.9018565469183823887e-8, -1.5213626049764280644e-8,
           7.8217157282662175784e-9, -3.5341224819089870329e-9, 1.3155855085148126829e-9, -3.8086472098112225179e-10,
           6.9847140231936811032e-11, 1.4805705256393738125e-11, -2.0464755687854268822e-11, 5.8595228796918498942e-12);
  return s < 4.0 ? y : z;
}
WG_INLINE double erfinv_outer(double s, float) {  // no float below 1 comes beyond 16
  return poly(s - 3.25, 3.083885605897, 1.0052589680569, 0.0053713230585323, -0.0037512657123993, 0.0024856005466883,
              -0.001687353586378, 9.8274758895378e-4, -3.6016572106694e-4, -3.7537541689502e-5, 8.0556523960747e-5);
}
template <class T>
WG_INLINE T erfinv(T x) {
  double d = double(x), w = -log((1.0 - d) * (1.0 + d));
  double y = w < 6.25 ? erfinv_middle(w - 3.125, T()) : erfinv_outer(root(w), T());
  y *= d;
  return T(absolute(d) == 1.0 ? with_sign(kInf<double>, d) : y);
}

}  // namespace wg::WG_LEVEL
