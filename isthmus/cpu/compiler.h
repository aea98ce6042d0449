// SPDX-License-Identifier: Apache-2.0
// Turns a plan into a program, in four passes: sizes and row groups (compile.cc), places
// (compile_places.cc), row stages (compile_rows.cc, compile_keep.cc), once stages (compile_once.cc,
// compile_products.cc); both kinds of stages hold chunk programs (compile_chunks.cc), moves and
// reductions (compile_moves.cc).
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "isthmus/cpu/program.h"

namespace isthmus {

/// A row group as this device runs it. `node` groups hold one node; chunk groups a chunk program.
struct DeviceGroup {
  std::vector<uint32_t> nodes;
  int64_t lead = 1, cols = 1;
  bool chunks = false;
  bool fill = false;          // writes the rows of a uniform value that some reader needs in full
  uint32_t expand = kNoNode;  // no nodes: writes out this value
  uint32_t expand_for = kNoNode;  // as this reader's operand
};

/// Groups [first, end) of a row stage that pass over `items` items at a time.
struct GroupRun {
  size_t first = 0, end = 0;
  int64_t items = 0;
};

class Compiler {
 public:
  Compiler(Program& program) : p_(program), graph_(program.graph), plan_(program.plan) {}
  void compile();

 private:
  // compile.cc
  void choose_block_shape();
  int64_t product_lead() const;
  void find_once_positions();
  void split_row_groups();
  void cut_runs();
  int64_t group_floats(const DeviceGroup& group) const;
  /// Items of the run that computes a per-row node.
  int64_t items_of(uint32_t i) const {
    const auto at = items_.find(i);
    return at != items_.end() ? at->second : p_.shape.block_rows;
  }
  std::vector<DeviceGroup> split_row_group(const RowGroup& group, std::set<uint32_t>& fills);
  bool find_expansions(uint32_t i, const Geometry& g);
  void add_fills(size_t stage, std::set<uint32_t> fills);
  void attach_packs();
  void compile_outputs();
  const Node& node(uint32_t i) const { return graph_.nodes()[i]; }
  bool once(uint32_t i) const { return is_once(graph_, plan_, i); }
  bool is_op(uint32_t i, std::string_view name) const {
    return node(i).kind == NodeKind::kOp && node(i).op->name == name;
  }
  /// Follows aliases that share memory (not broadcasts that are needed in full, unless `all`).
  uint32_t base(uint32_t i) const;
  /// Sums over the batch that find the rows of their inputs in full when all blocks are done.
  bool reads_batch(uint32_t i) const {
    return node(i).kind == NodeKind::kOp && node(i).op->rows == RowUse::kBatchSum &&
           !is_op(i, "outer_sum") && !is_op(i, "batch_sum");
  }
  bool is_view(uint32_t i) const;  // slice of the last axis of a row with one axis

  // compile_places.cc
  void find_readers();
  void place_all();
  void place_leaves();
  void place_row_values();
  void place_once_values();
  void place_block_lifetimes(size_t stage);
  bool stays_in_run(uint32_t i, size_t stage, const GroupRun& run) const;
  bool internal_to(uint32_t i, const std::vector<uint32_t>& group) const;
  bool stays_in_chunks(const DeviceGroup& group, uint32_t i, size_t stage) const;
  bool is_output(uint32_t i) const;
  int64_t allocate_arena(int64_t floats);
  int64_t allocate_batch(int64_t floats);
  void resolve_shared_places();
  /// The operand that an elementwise reader of geometry (lead, cols) uses; invalid if no strided
  /// form exists. `rows_are_lead`: kOnce groups, whose rows are the value's own.
  Place operand(uint32_t in, const Geometry& reader, bool rows_are_lead) const;
  /// The lines of a value that is reduced over its last axis; invalid if they are not there.
  Place line_operand(uint32_t in, const Geometry& g) const;
  std::pair<uint32_t, Shape> operand_source(uint32_t in) const;

  // compile_rows.cc
  void compile_row_stage(size_t stage);
  void emit_group(const DeviceGroup& group);
  void emit_matmul(uint32_t i);
  void emit_moves(uint32_t node, std::vector<Move> moves);
  void emit_small_products(uint32_t i);
  void emit_gather(uint32_t i);
  void emit_reference(uint32_t i);
  int32_t add_matmul(const MatmulSpec& spec);
  int32_t packed_weight(uint32_t weight, bool transposed);
  int32_t make_reference(uint32_t i, int64_t rows, const Place& dst);
  const Place& rows_place(uint32_t i) const;  // a per-row value in full, also of uniform nodes
  bool runs_as_matmul(uint32_t i) const;
  bool rounds_to_bf16(uint32_t i) const;
  std::pair<int64_t, bool> cast_offset(uint32_t value, const Geometry& g);
  int64_t free_cast(const Geometry& g);

  // compile_parts.cc
  bool is_in_parts(uint32_t i) const;
  void choose_parts();
  uint32_t last_factor(uint32_t i) const;
  std::vector<uint32_t> row_readers(uint32_t i) const;
  int32_t part_sum(uint32_t i);
  int64_t brief_floats(int64_t floats);
  void emit_part(uint32_t i);

  // compile_batch.cc
  bool is_batch_wise(uint32_t i) const {
    return node(i).kind == NodeKind::kOp && node(i).op->rows == RowUse::kBatchWise;
  }
  void add_batch_fills(size_t stage, std::set<uint32_t>& fills) const;
  void emit_batch_step(uint32_t i);
  Place order_of_sorted(uint32_t value);
  bool is_only_summed(uint32_t i) const;
  void spare_kernel_pairs();

  // compile_moves.cc
  struct ItemValue {
    Place place;
    int64_t item;
  };
  ItemValue item_value(uint32_t i) const;
  Move repeat_move(uint32_t source, const Shape& shape, const Shape& to, const Place& dst) const;
  Shape expanded_shape(uint32_t reader, uint32_t in) const;
  bool is_moves(uint32_t i) const;
  std::vector<Move> moves_of(uint32_t i) const;
  bool is_reduction(uint32_t i) const;
  bool is_windows(uint32_t i) const { return is_op(i, "patches") || is_op(i, "fold"); }
  int32_t add_windows(uint32_t i);
  Reduction reduction_of(uint32_t i) const;
  bool is_expanded(uint32_t reader, uint32_t in) const;
  /// The operand as `reader` reads it: where it lies, or where it is written out.
  Place operand_for(uint32_t reader, uint32_t in, const Geometry& g, bool rows_are_lead) const;
  void place_expanded();
  Move expansion(uint32_t reader, uint32_t in) const;
  int32_t add_moves(std::vector<Move> moves);

  // compile_chunks.cc
  /// `row_group`: the group of a row stage, or nullptr in a once stage; `width`: columns of a tile.
  int32_t make_chunk_program(const std::vector<uint32_t>& nodes, const Geometry& g,
                             const DeviceGroup* row_group, int64_t width);
  void append_chunk_step(ChunkProgram& chunk, uint32_t i, const Geometry& g, bool in_rows);
  void place_scratch(ChunkProgram& chunk, int64_t width);
  bool is_zero_constant(const Place& place) const;

  // compile_keep.cc
  enum class FollowerKind : uint8_t { kCast, kBatchSum, kTransposed, kKept, kPart };
  struct Follower {
    FollowerKind kind;
    uint32_t value;   // the value itself, an alias or a view of it
    uint32_t reader;  // the product or the sum
  };
  std::vector<Follower> followers(uint32_t i, size_t stage) const;
  bool is_sink(const DeviceGroup& group, uint32_t i, const Follower& f) const;
  void append_sinks(ChunkProgram& chunk, const DeviceGroup& group);
  void emit_followers(const DeviceGroup& group);
  bool stays_stored(uint32_t i) const;
  bool sums_stored_input(uint32_t i) const;
  int32_t input_index(uint32_t i) const;
  void emit_load_operands(RowInstruction load);
  void prepend_loads(ChunkProgram& chunk, const Geometry& g) const;
  int32_t crossing(uint32_t i, bool transposed);
  int32_t batch_sum(uint32_t i);

  // compile_once.cc, compile_products.cc
  void compile_once_stage(const Stage& stage, OnceStageProgram& out);
  OnceProgram compile_once_group(const OnceGroup& group);
  std::vector<uint32_t> chunk_nodes(const OnceGroup& group) const;
  void set_source(const OnceGroup& group, OnceProgram& program);
  ScatterSum scatter_of(uint32_t index, uint32_t rows, const OnceProgram& to) const;
  void set_outer_sum(uint32_t i, OnceProgram& program);
  void set_matmul(uint32_t i, OnceProgram& program);
  void add_tile_matmuls(MatmulSpec spec, int64_t panels, OnceProgram& program);
  int64_t tile_cols_for(const OnceGroup& group);
  int64_t tile_rows_for(const OnceGroup& group, const OnceProgram& program) const;
  void add_pack_ranges(const OnceGroup& group, OnceProgram& program);
  void schedule(OnceStageProgram& stage);
  void compile_assignments_in_place();
  void compile_commits();
  bool in_place_is_safe(uint32_t state, uint32_t value) const;

  struct Cast {
    int64_t offset;
    Geometry geometry;
    bool handed_on;  // another operand lies there now
  };

  Program& p_;
  const Graph& graph_;
  const Plan& plan_;
  std::vector<std::vector<uint32_t>> readers_;        // readers through aliases and views
  std::vector<std::vector<DeviceGroup>> row_groups_;  // per stage
  std::vector<std::vector<GroupRun>> runs_;           // per stage
  std::map<uint32_t, int64_t> items_;                 // per pass, by node
  std::map<uint32_t, size_t> position_;               // of a node's group in its stage
  std::map<uint32_t, int32_t> part_sum_index_;
  int64_t brief_offset_ = -1;
  bool has_windows_ = false;
  std::map<uint32_t, Place> filled_;                         // rows of uniform nodes
  std::map<std::pair<uint32_t, uint32_t>, Place> expanded_;  // operands by (reader, input)
  std::map<std::pair<uint32_t, bool>, int32_t> packed_index_, crossing_index_;
  std::map<uint32_t, int32_t> batch_sum_index_;
  std::map<std::pair<uint32_t, int64_t>, Cast>
      casts_;  // by (value, columns): bf16 operands made in the current row stage
  std::set<uint32_t> emitted_products_;
  std::map<uint32_t, uint32_t> in_place_;                  // value -> state
  std::map<uint32_t, std::pair<int, int>> once_position_;  // node -> (level, sublevel)
  size_t stage_ = 0;
  int64_t pass_items_ = 0;  // of the run that is being compiled
  RowStageProgram* rows_ = nullptr;
};

inline constexpr int64_t kLineFloats = 16;
inline constexpr int64_t kWideTile =
    192;  // wider sums of products are cut along their columns, too
inline int64_t round_up(int64_t value, int64_t step) { return (value + step - 1) / step * step; }

/// Fusions: rewrite a chunk program where a known pattern stands in it. fusions/<name>.cc
void fuse_bernoulli(ChunkProgram& chunk);
void fuse_adam(ChunkProgram& chunk);
/// `is_zero`: whether a place holds the constant 0.
void fuse_bias_relu(ChunkProgram& chunk, const std::function<bool(const Place&)>& is_zero);

}  // namespace isthmus
