// SPDX-License-Identifier: Apache-2.0
// Batch-wise kernels against the double references of their operations on every instruction set,
// and the promise that a cut of the work changes no bit.
#include <cstring>

#include "isthmus/cpu/kernels/batch.h"
#include "isthmus/cpu/kernels/every_target.h"
#include "isthmus/graph/op.h"
#include "isthmus/testing/tolerance.h"

namespace isthmus {
namespace {

ISTHMUS_ON_EVERY_TARGET(BatchKernels);

struct Case {
  const char* op;
  Attrs attrs;
  std::vector<Shape> shapes;  // row shapes of the inputs; log_var is the third where it is ()
  bool has_log_var = false;
  bool of_itself = false;  // the second input is the first
};

std::vector<Case> cases_of(int64_t z) {
  std::vector<Case> cases;
  for (const int64_t exclude_self : {0, 1}) {
    for (const char* kernel : {"imq", "rbf"}) {
      const Attrs attrs = {{"kernel", kernel},
                           {"scales", std::vector<double>{0.25, 1, 8}},
                           {"exclude_self", exclude_self}};
      cases.push_back({"kernel_sum", attrs, {{z}, {z}}});
      for (const char* of : {"x", "y", "both"}) {
        const Attrs gradient = {{"kernel", kernel},
                                {"scales", attrs.numbers("scales")},
                                {"exclude_self", exclude_self},
                                {"of", of}};
        cases.push_back({"kernel_sum_gradient", gradient, {{z}, {z}, {}}});
        cases.push_back({"kernel_sum_gradient", gradient, {{z}, {z}, {}}, false, true});
      }
    }
    const Attrs attrs = {{"exclude_self", exclude_self}};
    cases.push_back({"pair_logsumexp", attrs, {{z}, {z}, {}}, true});
    cases.push_back({"pair_logsumexp_gradient", attrs, {{z}, {z}, {}, {}, {}}, true});
  }
  cases.push_back({"sort_rows", {}, {{z}}});
  cases.push_back({"sort_rows_gradient", {}, {{z}, {z}}});
  return cases;
}

struct Trial {
  std::vector<std::vector<float>> values;
  std::vector<float> scales, scratch;
  std::vector<ImqFraction> fractions;
  BatchCall call;
  int64_t out_cols = 0;
  const BatchKernel* kernel = nullptr;
};

constexpr int64_t kGap = 3;  // rows need not be dense

Trial set_up(const Case& c, int64_t rows, int64_t z) {
  Trial s;
  std::vector<ValueType> types;
  for (size_t k = 0; k < c.shapes.size(); ++k) {
    const bool is_once = c.has_log_var && k == 2;
    types.push_back(is_once ? once({}) : per_row(c.shapes[k]));
    const int64_t stride = value_count(c.shapes[k]) + kGap;
    s.values.push_back(random_values(rows * stride, -0.8f, 0.8f, k + 1));
    s.call.in[k].stride = is_once ? 0 : stride;
  }
  for (size_t k = 0; k < c.shapes.size(); ++k) s.call.in[k].data = s.values[k].data();
  if (c.of_itself) {
    s.values[1] = s.values[0];
    s.call.in[1] = s.call.in[0];
  }
  s.kernel = find_batch_kernel(c.op);
  s.out_cols = value_count(find_op(c.op).infer(c.attrs, types).shape);
  s.scratch.resize(static_cast<size_t>(s.kernel->scratch_floats(rows, z)) + 16);
  s.call.scratch = s.scratch.data() + (16 - reinterpret_cast<uintptr_t>(s.scratch.data()) / 4 % 16);
  s.call.batch_rows = rows;
  s.call.cols = z;
  s.call.dst_stride = s.out_cols + kGap;
  if (c.attrs.has("kernel")) {
    s.call.is_rbf = c.attrs.text("kernel") == "rbf";
    for (double scale : c.attrs.numbers("scales")) s.scales.push_back(static_cast<float>(scale));
    s.fractions = imq_fractions(c.attrs.numbers("scales"));
  }
  s.call.scales = s.scales;
  s.call.fractions = s.fractions;
  if (c.attrs.has("of")) {
    s.call.of_first = c.attrs.text("of") != "y";
    s.call.of_second = c.attrs.text("of") != "x";
  }
  s.call.exclude_self = c.attrs.integer("exclude_self", 0) != 0;
  return s;
}

/// The whole output, in calls of `step` rows or columns.
std::vector<float> run(Trial& s, int64_t step) {
  std::vector<float> out(static_cast<size_t>(s.call.batch_rows * s.call.dst_stride), 77.0f);
  s.call.dst = out.data();
  const int64_t units = s.kernel->by_columns ? s.out_cols : s.call.batch_rows;
  for (int64_t first = 0; first < units; first += step) {
    s.call.first = first;
    s.call.end = std::min(units, first + step);
    s.kernel->run(s.call);
  }
  return out;
}

std::vector<double> reference(const Case& c, const Trial& s) {
  std::vector<RefArray> arrays;
  for (size_t k = 0; k < c.shapes.size(); ++k) {
    const bool is_once = s.call.in[k].stride == 0;
    const int64_t rows = is_once ? 1 : s.call.batch_rows, cols = value_count(c.shapes[k]);
    RefArray a{is_once ? once({}) : per_row(c.shapes[k]), rows, {}};
    for (int64_t r = 0; r < rows; ++r) {
      const float* row = s.call.in[k].data + r * s.call.in[k].stride;
      a.data.insert(a.data.end(), row, row + cols);
    }
    arrays.push_back(std::move(a));
  }
  std::vector<const RefArray*> pointers;
  for (const RefArray& a : arrays) pointers.push_back(&a);
  const auto count = static_cast<size_t>(s.call.batch_rows * s.out_cols);
  RefArray out{per_row({s.out_cols}), s.call.batch_rows, std::vector<double>(count)};
  find_op(c.op).reference({c.attrs, pointers, s.call.batch_rows, out});
  return out.data;
}

TEST_P(BatchKernels, EqualTheirReferenceHoweverTheyAreCut) {
  for (const auto& [rows, z] : std::vector<std::pair<int64_t, int64_t>>{
           {1, 3}, {2, 1}, {31, 20}, {64, 5}, {65, 16}, {513, 3}}) {
    for (const Case& c : cases_of(z)) {
      Trial s = set_up(c, rows, z);
      const std::vector<float> out = run(s, s.kernel->step);
      const std::vector<float> other = run(s, std::max<int64_t>(1, s.kernel->step / 3));
      EXPECT_EQ(std::memcmp(out.data(), other.data(), out.size() * sizeof(float)), 0) << c.op;
      const std::vector<double> expected = reference(c, s);
      double scale = 1;
      for (double v : expected) scale = std::max(scale, std::fabs(v));
      for (int64_t r = 0; r < rows; ++r) {
        const float* row = out.data() + r * s.call.dst_stride;
        for (int64_t k = 0; k < s.out_cols; ++k) {
          const double want = expected[static_cast<size_t>(r * s.out_cols + k)];
          ASSERT_TRUE(tolerance::within(row[k], want, 2 * tolerance::kSumF32, scale))
              << c.op << " of " << rows << " rows (" << r << ", " << k << "): " << row[k]
              << ", not " << want;
        }
        for (int64_t k = 0; k < kGap; ++k) ASSERT_EQ(row[s.out_cols + k], 77.0f) << c.op;
      }
    }
  }
}

/// Fractions of up to eight scales: those of the models, more than fit in one, and scales so far
/// apart that their product is no float.
TEST_P(BatchKernels, ScalesOfAnyNumberAndSpreadShareTheirReciprocals) {
  const std::vector<std::vector<double>> lists = {{4, 8, 20, 40, 80, 200, 400},
                                                  {1, 1, 1},
                                                  {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 2},
                                                  {1e-12, 3e12, 1e-4, 5, 1e18},
                                                  {1e-3}};
  for (const std::vector<double>& scales : lists) {
    for (const char* op : {"kernel_sum", "kernel_sum_gradient"}) {
      Attrs attrs = {{"kernel", "imq"}, {"scales", scales}, {"exclude_self", int64_t{1}}};
      std::vector<Shape> shapes = {{4}, {4}};
      if (op == std::string_view("kernel_sum_gradient")) {
        attrs = {{"kernel", "imq"}, {"scales", scales}, {"exclude_self", int64_t{1}}, {"of", "x"}};
        shapes.push_back({});
      }
      const Case c = {op, attrs, shapes};
      Trial s = set_up(c, 70, 4);
      const std::vector<float> out = run(s, s.kernel->step);
      const std::vector<double> expected = reference(c, s);
      double scale = 1;
      for (double v : expected) scale = std::max(scale, std::fabs(v));
      for (int64_t r = 0; r < 70; ++r) {
        for (int64_t k = 0; k < s.out_cols; ++k) {
          const double want = expected[static_cast<size_t>(r * s.out_cols + k)];
          const float got = out[static_cast<size_t>(r * s.call.dst_stride + k)];
          ASSERT_TRUE(tolerance::within(got, want, 2 * tolerance::kSumF32, scale))
              << op << " of " << scales.size() << " scales: " << got << ", not " << want;
        }
      }
    }
  }
}

TEST_P(BatchKernels, AGradientLeavesTheBitsOfItsSumAsWell) {
  for (const Case& c : cases_of(5)) {
    if (c.op != std::string_view("kernel_sum_gradient") || c.attrs.text("of") == "y") continue;
    const Attrs attrs = {{"kernel", c.attrs.text("kernel")},
                         {"scales", c.attrs.numbers("scales")},
                         {"exclude_self", c.attrs.integer("exclude_self")}};
    Trial s = set_up(c, 70, 5),
          alone = set_up({"kernel_sum", attrs, c.shapes, false, c.of_itself}, 70, 5);
    const std::vector<float> gradients = run(s, s.kernel->step);
    std::vector<float> sums(70);
    s.call.sums = sums.data();
    s.call.sums_stride = 1;
    EXPECT_EQ(gradients, run(s, s.kernel->step));
    const std::vector<float> want = run(alone, alone.kernel->step);
    for (int64_t r = 0; r < 70; ++r) {
      EXPECT_EQ(sums[static_cast<size_t>(r)], want[static_cast<size_t>(r * alone.call.dst_stride)]);
    }
  }
}

TEST_P(BatchKernels, HalvedSumsHaveTheSumOverAllRows) {
  for (const Case& c : cases_of(5)) {
    if (c.op != std::string_view("kernel_sum")) continue;
    for (const int64_t rows : {1, 2, 70, 200}) {
      Trial s = set_up({c.op, c.attrs, c.shapes, false, true}, rows, 5);
      s.call.halved = true;
      const std::vector<float> out = run(s, s.kernel->step);
      EXPECT_EQ(out, run(s, 21));
      double got = 0, want = 0;
      for (int64_t r = 0; r < rows; ++r) got += out[static_cast<size_t>(r * s.call.dst_stride)];
      for (double v : reference(c, s)) want += v;
      EXPECT_TRUE(tolerance::within(got, want, tolerance::kSumF32, want))
          << got << ", not " << want;
    }
  }
}

TEST_P(BatchKernels, AGradientFindsTheOrderThatTheSortLeft) {
  for (const int64_t rows : {1, 31, 65, 513}) {
    const int64_t z = 3;
    Trial sort = set_up({"sort_rows", {}, {{z}}}, rows, z);
    Trial gradient = set_up({"sort_rows_gradient", {}, {{z}, {z}}}, rows, z);
    const std::vector<float> want = run(gradient, 2);
    std::vector<uint32_t> order(static_cast<size_t>(z * (rows + 1)));
    sort.call.order = gradient.call.order = order.data();
    sort.call.order_stride = gradient.call.order_stride = rows + 1;
    run(sort, 2);
    EXPECT_EQ(run(gradient, 1), want) << rows;
  }
}

TEST_P(BatchKernels, FarRowsAndEqualRowsStayFinite) {
  for (const char* op : {"kernel_sum", "kernel_sum_gradient", "pair_logsumexp"}) {
    for (const Case& c : cases_of(2)) {
      if (c.op != std::string_view(op)) continue;
      Trial s = set_up(c, 70, 2);
      for (size_t k = 0; k < 2; ++k) {
        for (size_t i = 0; i < s.values[k].size(); ++i) {
          s.values[k][i] = i % 3 == 0 ? 1e15f : 0.0f;
        }
      }
      for (float v : run(s, s.kernel->step)) EXPECT_TRUE(std::isfinite(v)) << op;
    }
  }
}

TEST(BatchKernelTable, KnowsEveryBatchWiseOperation) {
  for (const OpDef& op : all_ops()) {
    EXPECT_EQ(find_batch_kernel(op.name) != nullptr, op.rows == RowUse::kBatchWise) << op.name;
  }
}

}  // namespace
}  // namespace isthmus
