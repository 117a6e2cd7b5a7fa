// The one path of every op: run its body, give the result its history.
#pragma once
#include "tape.h"

namespace wg {

// op.h declares apply(): these are its parts and its in-place twin.
void run_body(Call& c);                             // no recording
void apply_inplace(Call& c);                        // argument 0 is overwritten by the op's result
void write_into(Tensor& into, const Tensor& made);  // copies a result of an in-place op, if it fits there
// How two tensors lie in memory; Unknown when one of them has gaps.
enum class Overlap { None, Whole, Part, Unknown };
Overlap overlap(const Tensor& a, const Tensor& b);
// torch's error when what is written lies over a part of what is read; or over all of it, for ops that move elements.
void check_apart(const Tensor& written, const Tensor& read, bool moves = false);
// A dtype by torch's promotion rules: numbers are weak, 0-dim tensors weaker than others.
struct TypeInfo {
  DType dtype = DType::Bool;
  uint8_t rank = 0;  // 0 number, 1 tensor without dims, 2 tensor with dims
};
TypeInfo type_info(const Value& v);
DType result_type(const TypeInfo* infos, int n);

// What a transform (vmap, forward mode) does with a call whose arguments it has wrapped. Set by the host.
extern void (*interpret)(Call& c);
// Whether a write has given a plain base a tangent: then its views, who know nothing of it, go to the interpreter too.
inline bool bases_became_dual = false;
// Whether a call is handed to the host in the place of its body and then recorded as usual (__torch_dispatch__): one of
// its tensors is of a class that asks for it, or a mode is on. And whether a tensor is of such a class.
extern bool (*dispatched)(const Call& c);
extern bool (*dispatching)(const Tensor& t);
extern void (*dispatch)(Call& c);
// The program of op's derivative for the inputs in mask: traced by the host when first needed.
extern Program* (*trace)(const OpDef& op, uint64_t mask, bool complex);
// The program of a fused op's formula: traced when it is first called.
extern Program* (*trace_fused)(const OpDef& op);
// Runs a body that is a function of the host.
extern void (*run_host_body)(Call& c);
// A UserWarning of the host's.
extern void (*warn)(const std::string& text);

Program* backward_program(const OpDef& op, uint64_t mask, bool complex);
// Records what c did on the tape.
void record(Call& c, uint64_t mask, bool inplace);
uint64_t grad_mask(const Call& c);

// A gradient must have the shape and the dtype of what it is the gradient of (output `nr` of `to`); broadcasting is
// undone here. `from` and `index` say for an error where it comes from.
void fit(TensorRef& g, Node& to, uint32_t nr, Node& from, size_t index, bool recording);

}  // namespace wg
