// SPDX-License-Identifier: Apache-2.0
// Elementwise kernels against the double references of their ops, on every instruction set, and the
// promise that a value does not depend on its place.
#include "isthmus/cpu/kernels/kernels.h"

#include <cstring>
#include <limits>

#include "isthmus/cpu/kernels/every_target.h"
#include "isthmus/graph/op.h"
#include "isthmus/testing/gamma_table.h"
#include "isthmus/testing/tolerance.h"

namespace isthmus {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

ISTHMUS_ON_EVERY_TARGET(ElementwiseKernels);

struct OpAttributes {
  Attrs attrs;
  float values[2] = {0, 0};
};

OpAttributes attributes_of(std::string_view op) {
  if (op == "leaky_relu") return {{{"slope", 0.25}}, {0.25f, 0}};
  if (op == "elu") return {{{"alpha", 0.5}}, {0.5f, 0}};
  if (op == "clamp") return {{{"low", -0.75}, {"high", 1.25}}, {-0.75f, 1.25f}};
  return {};
}

int inputs_of(std::string_view op) { return op == "straight_through" ? 1 : find_op(op).num_inputs; }

std::vector<double> reference(std::string_view op, const std::vector<std::vector<float>>& in) {
  const OpDef& def = find_op(op);
  const int64_t count = static_cast<int64_t>(in[0].size());
  std::vector<RefArray> arrays;
  for (int i = 0; i < def.num_inputs; ++i) {
    const auto& values = in[static_cast<size_t>(i) < in.size() ? static_cast<size_t>(i) : 0];
    arrays.push_back({per_row({count}), 1, {values.begin(), values.end()}});
  }
  std::vector<const RefArray*> pointers;
  for (const RefArray& a : arrays) pointers.push_back(&a);
  RefArray out{per_row({count}), 1, std::vector<double>(static_cast<size_t>(count))};
  def.reference({attributes_of(op).attrs, pointers, 1, out});
  return out.data;
}

std::vector<float> run(std::string_view op, const std::vector<std::vector<float>>& in) {
  std::vector<float> out(in[0].size());
  ElementwiseCall call;
  call.rows = 1;
  call.cols = call.dst_stride = static_cast<int64_t>(out.size());
  for (size_t i = 0; i < in.size(); ++i) call.in[i].data = in[i].data();
  call.dst = out.data();
  std::memcpy(call.attr, attributes_of(op).values, sizeof(call.attr));
  find_elementwise_kernel(op)(call);
  return out;
}

/// Both signs, all magnitudes of float32, and the region where functions bend.
std::vector<float> wide_values(uint64_t item) {
  std::vector<float> values = {0.0f,   -0.0f,    1.0f,  -1.0f, 0.5f,       -0.5f,
                               88.0f,  -87.0f,   88.7f, 1e4f,  -1e4f,      3e38f,
                               -3e38f, 1.2e-38f, kInf,  -kInf, 16777216.0f};
  for (float exponent : random_values(4000, -87, 88, item)) {
    const float size = std::exp(exponent);
    values.push_back(exponent < 0 && values.size() % 2 == 0 ? -size : size);
    values.push_back(-size);
  }
  for (float v : random_values(4000, -100, 100, item + 1)) values.push_back(v);
  for (float v : random_values(4000, -3, 3, item + 2)) values.push_back(v);
  return values;
}

/// Counts, and what rates, shapes and uniforms may be; a few beyond.
void into_domain(std::string_view op, std::vector<std::vector<float>>& in) {
  const auto each = [](std::vector<float>& values, float low, float high, auto f) {
    for (float& v : values) v = std::isnan(v) ? v : f(std::min(std::max(std::fabs(v), low), high));
  };
  const auto same = [](float v) { return v; };
  if (op == "lgamma_difference" || op == "digamma_difference") {
    each(in[0], 0, 1e30f, [](float v) { return std::floor(v); });
    each(in[1], 1e-30f, 1e30f, same);
  } else if (op == "poisson_quantile") {
    each(in[0], 0, 200, same);
    in[1] = random_values(static_cast<int64_t>(in[0].size()), 0, 1);
  } else if (op == "gamma_quantile") {
    each(in[0], 0.05f, 200, same);
    in[1] = random_values(static_cast<int64_t>(in[0].size()), 0.001f, 0.999f);
  }
}

/// The magnitude an error is relative to; a few references lose digits to cancellation themselves.
double magnitude_of(std::string_view op, double expected, const std::vector<float>& in) {
  double size = std::max(std::fabs(expected), 1e-31);
  if (op == "gelu" || op == "bernoulli_log_prob") size = std::max(size, 1e-7);
  if (op == "silu") size = std::max(size, 2e-30);
  if (op == "lgamma_difference") size = std::max(size, 1e-8);  // its zeros: x = 1, r = 1
  if (op == "lerp") size = std::max(size, std::fabs(double{in[0]}) + std::fabs(double{in[1]}));
  return size;
}

void expect_equal_to_reference(std::string_view op, const std::vector<std::vector<float>>& in) {
  const auto expected = reference(op, in);
  const auto values = run(op, in);
  int failures = 0;
  for (size_t i = 0; i < values.size() && failures < 5; ++i) {
    std::vector<float> at;
    for (const auto& v : in) at.push_back(v[i]);
    bool good = tolerance::within(values[i], expected[i], tolerance::kElementwiseF32,
                                  magnitude_of(op, expected[i], at));
    if (std::isnan(expected[i])) good = std::isnan(values[i]);
    if (std::fabs(expected[i]) > 3.402823e38) {  // no float32
      good = std::fabs(values[i]) > 3.40282e38f && std::signbit(values[i]) == (expected[i] < 0);
    }
    if (good) continue;
    ++failures;
    ADD_FAILURE() << op << "(" << ::testing::PrintToString(at) << ") = " << values[i]
                  << ", expected " << expected[i];
  }
}

TEST_P(ElementwiseKernels, ElementwiseKernelsEqualTheirReference) {
  for (std::string_view op : elementwise_kernel_names()) {
    std::vector<std::vector<float>> in;
    for (int i = 0; i < inputs_of(op); ++i)
      in.push_back(wide_values(10 * static_cast<uint64_t>(i)));
    if (op == "lerp") in[2] = random_values(static_cast<int64_t>(in[0].size()), 0, 1);
    if (op == "lerp" || op == "bernoulli_log_prob") {  // weights and data are bounded
      for (auto& v : in[0]) v = std::isfinite(v) ? std::min(std::max(v, -1e30f), 1e30f) : 0;
      for (auto& v : in[1]) v = std::isfinite(v) ? std::min(std::max(v, -1e30f), 1e30f) : 0;
    }
    if (op == "bernoulli_log_prob") in[1] = random_values(static_cast<int64_t>(in[0].size()), 0, 1);
    if (op == "continuous_bernoulli_log_normalizer") {  // see there
      for (float& v : in[0]) v = std::min(std::max(v, -1e37f), 1e37f);
    }
    if (op == "gelu" || op == "silu") {  // 0 * infinity is the reference's own NaN
      for (float& v : in[0]) v = v == -kInf ? -1e30f : v;
    }
    into_domain(op, in);
    expect_equal_to_reference(op, in);
  }
}

TEST_P(ElementwiseKernels, GammaFunctionsEqualSixtyDigits) {
  std::vector<float> x;
  for (const GammaRow& row : kGammaTable) x.push_back(static_cast<float>(row.x));
  const auto log_gamma = run("lgamma", {x}), one = run("digamma", {x}), two = run("trigamma", {x});
  for (size_t i = 0; i < x.size(); ++i) {
    EXPECT_EQ(log_gamma[i], static_cast<float>(kGammaTable[i].log_gamma)) << x[i];
    EXPECT_EQ(one[i], static_cast<float>(kGammaTable[i].digamma)) << x[i];
    EXPECT_EQ(two[i], static_cast<float>(kGammaTable[i].trigamma)) << x[i];
  }
  for (const DifferenceRow& row : kDifferenceTable) {
    const std::vector<float> count = {static_cast<float>(row.x)}, r = {static_cast<float>(row.r)};
    EXPECT_EQ(run("lgamma_difference", {count, r})[0], static_cast<float>(row.log_gamma));
    EXPECT_EQ(run("digamma_difference", {count, r})[0], static_cast<float>(row.digamma));
  }
}

TEST_P(ElementwiseKernels, ElementwiseKernelsKeepNan) {
  for (std::string_view op : elementwise_kernel_names()) {
    const auto& cases = find_op(op);
    if (op == "sign" || op == "less" || op == "less_equal" || op == "greater" || op == "equal" ||
        op == "greater_equal" || op == "select" || op == "maximum" || op == "minimum") {
      continue;
    }
    std::vector<std::vector<float>> in(static_cast<size_t>(inputs_of(cases.name)), {kNan, -kNan});
    for (float v : run(op, in)) EXPECT_TRUE(std::isnan(v)) << op << " gave " << v;
  }
}

TEST_P(ElementwiseKernels, PowHasTheSpecialValuesOfTheStandard) {
  const std::vector<float> specials = {0, -0.0f, 1, -1, 2, -2, 3, 0.5f, -0.5f, 2.5f, kInf, -kInf};
  std::vector<float> a, b;
  for (float x : specials) {
    for (float y : specials) {
      if (x == 0 && std::signbit(x)) continue;
      a.push_back(x);
      b.push_back(y);
    }
  }
  const auto values = run("pow", {a, b});
  for (size_t i = 0; i < a.size(); ++i) {
    const float expected = static_cast<float>(std::pow(double{a[i]}, double{b[i]}));
    if (std::isnan(expected)) {
      EXPECT_TRUE(std::isnan(values[i])) << a[i] << " to the " << b[i];
    } else if (std::isinf(expected)) {
      EXPECT_EQ(values[i], expected) << a[i] << " to the " << b[i];
    } else {
      EXPECT_NEAR(values[i], expected, 1e-6 * std::fabs(expected)) << a[i] << " to the " << b[i];
    }
  }
}

TEST_P(ElementwiseKernels, AValueDoesNotDependOnItsPlace) {
  constexpr int64_t kCount = 131;
  for (std::string_view op : elementwise_kernel_names()) {
    std::vector<std::vector<float>> in;
    for (int i = 0; i < inputs_of(op); ++i) {
      in.push_back(random_values(kCount, -6, 6, static_cast<uint64_t>(i)));
    }
    const auto whole = run(op, in);
    for (int64_t first : {1, 2, 3, 5, 8, 15, 16, 17, 33}) {
      for (int64_t count : {1, 2, 7, 15, 16, 31, 98}) {
        std::vector<std::vector<float>> part;
        for (const auto& v : in) part.emplace_back(v.begin() + first, v.begin() + first + count);
        const auto values = run(op, part);
        ASSERT_EQ(std::memcmp(values.data(), whole.data() + first,
                              static_cast<size_t>(count) * sizeof(float)),
                  0)
            << op << ": " << count << " values from " << first;
      }
    }
  }
}

/// Forms of one operand for rows x cols values.
struct Form {
  const char* name;
  int64_t row_stride;
  int32_t col_stride, row_repeat;
};

TEST_P(ElementwiseKernels, AllFormsOfOperandsAreRead) {
  for (int64_t rows : {1, 4, 6}) {
    for (int64_t cols : {1, 3, 16, 37}) {
      const Form forms[] = {{"dense", cols, 1, 1},      {"padded", cols + 5, 1, 1},
                            {"one row", 0, 1, 1},       {"per row", 1, 0, 1},
                            {"one value", 0, 0, 1},     {"repeated", cols, 1, 2},
                            {"repeated value", 1, 0, 3}};
      for (const Form& fa : forms) {
        for (const Form& fb : forms) {
          for (int64_t gap : {0, 3}) {
            const auto a = random_values(rows * (cols + 5), -2, 2, 1);
            const auto b = random_values(rows * (cols + 5), -2, 2, 2);
            std::vector<float> out(static_cast<size_t>(rows * (cols + gap)), 77.0f);
            ElementwiseCall call;
            call.rows = rows;
            call.cols = cols;
            call.in[0] = {a.data(), fa.row_stride, fa.col_stride, fa.row_repeat};
            call.in[1] = {b.data(), fb.row_stride, fb.col_stride, fb.row_repeat};
            call.dst = out.data();
            call.dst_stride = cols + gap;
            find_elementwise_kernel("sub")(call);
            for (int64_t r = 0; r < rows; ++r) {
              for (int64_t c = 0; c < cols + gap; ++c) {
                const auto at = [&](const Form& f, const std::vector<float>& v) {
                  return v[static_cast<size_t>(r / f.row_repeat * f.row_stride + c * f.col_stride)];
                };
                const float expected = c < cols ? at(fa, a) - at(fb, b) : 77.0f;
                ASSERT_EQ(out[static_cast<size_t>(r * (cols + gap) + c)], expected)
                    << fa.name << " - " << fb.name << " at " << r << ", " << c;
              }
            }
          }
        }
      }
    }
  }
}

TEST_P(ElementwiseKernels, ResultsMayReplaceAnOperand) {
  auto a = random_values(100, -2, 2), b = random_values(100, -2, 2, 1);
  const auto expected = run("mul", {a, b});
  ElementwiseCall call;
  call.rows = 1;
  call.cols = 100;
  call.in[0].data = a.data();
  call.in[1].data = b.data();
  call.dst = a.data();
  find_elementwise_kernel("mul")(call);
  EXPECT_EQ(a, expected);
}

TEST(ElementwiseTable, KnowsItsNames) {
  EXPECT_EQ(find_elementwise_kernel("no such op"), nullptr);
  EXPECT_GE(elementwise_kernel_names().size(), 41u);
}

}  // namespace
}  // namespace isthmus
