// A Wengert list: the instructions of a derivative, of a fused op. Run in tiles, or run recorded.
#pragma once
#include <span>

#include "apply.h"

namespace wg {

struct Operand {
  enum Kind : uint8_t { None, Leaf, Temp, Const } kind = None;
  uint16_t index = 0;
};

// What a program reads. Sizes, dtypes and whether a matrix lies column by column are values of their own, so that using
// them does not save the tensor.
struct Leaf {
  enum Kind : uint8_t { Grad, Arg, Out, ArgSizes, OutSizes, ArgDType, OutDType, ArgColumns } kind = Arg;
  uint16_t index = 0;
};

// Arithmetic on numbers (attributes, sizes): no tensors involved.
enum class NumberOp : uint8_t { None, Add, Sub, Mul, Div, Neg, Item, Count, Product };

struct Instr {
  const OpDef* op = nullptr;  // null: a NumberOp
  NumberOp number = NumberOp::None;
  std::vector<Operand> in;
  uint16_t out = 0;     // first temp written
  int16_t output = -1;  // of an op that can add to what is there: the output of the program that it alone makes
};

// One elementwise instruction of a tile run: operands are leaves or earlier instructions.
struct TileInstr {
  const OpDef* op;
  std::span<const Operand> in;
};

struct Segment {
  int first, last;  // instructions [first, last)
  bool fused;
  // Of a fused segment: what it reads, its instructions over those, and which of them are read outside (as temps).
  std::vector<Operand> leaves;
  std::vector<Operand> operands;
  std::vector<TileInstr> code;  // spans over operands
  std::vector<uint16_t> wanted, results;
};

struct Program {
  std::vector<Leaf> leaves;
  std::vector<Held> constants;
  std::vector<Instr> code;
  std::vector<Operand> outputs;
  int temps = 0;
  // In half precision: computed in float32 and rounded at the end, as by a kernel (else at every step); its numbers
  // are rounded before that.
  bool once = false, rounds_numbers = false;
  // In its place in half precision, over the same leaves: always, or, if it is computed once, where it is recorded.
  std::unique_ptr<Program> half;
  // Made by prepare():
  std::vector<Segment> segments;
  bool adds = false;  // some instruction has an `output`
};

void prepare(Program& p);
// Runs p. leaves[i] is the value of p.leaves[i]; outputs[k] becomes the k-th result (null where there is none).
// recording: through apply, one op at a time, so that the result has a history; else elementwise runs are fused.
// wanted[k], where given, is what is said of the k-th result.
void run_program(const Program& p, const Value* leaves, TensorRef* outputs, bool recording,
                 const Wanted* wanted = nullptr);
// Program text for people: one line an instruction.
std::string to_string(const Program& p);

// Runs elementwise instructions over their leaves' common broadcast shape in one pass; results[k] receives the value
// of instruction `wanted[k]`, or is written into `into` when given (then one result). False: the shapes of the wanted
// results differ from the common one (the caller must run one instruction at a time).
bool run_tiles(std::span<const TileInstr> code, std::span<const Value> leaves, std::span<const uint16_t> wanted,
               TensorRef* results, Tensor* into);
// The same for small operands that are much alike. False: it takes the whole machine.
bool run_small(std::span<const TileInstr> code, std::span<const Value> leaves, std::span<const uint16_t> wanted,
               TensorRef* results, Tensor* into);
void run_elementwise(Call& c);  // an op of Style::Elementwise
// The dtype an instruction computes in, and the one its result is kept in.
void choose_dtypes(const OpDef& op, const TypeInfo* in, int n, DType* compute, DType* kept);
void check_narrow(int fn, DType dtype);  // throws torch's error where it has no kernel for a narrow type
// Throws torch's error where an instruction's operands are of types (in) that it does not take.
void check_operands(const TileInstr& code, const TypeInfo* in, std::span<const Value> leaves);

}  // namespace wg
