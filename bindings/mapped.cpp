// Files in memory that become shorter: the system would end a process that reads what is no longer there; here those
// bytes read as zeros until Python runs again, and an exception tells of it, each time anew.
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>

#include "python.h"

namespace wgpy {

using namespace wg;

namespace {

// Memory over a file. Never freed, only used again: the handler may be reading the list.
struct Range {
  std::atomic<char*> begin{nullptr};  // null: not in use
  std::atomic<char*> end{nullptr};
  std::atomic<char*> lost{nullptr};  // from here on it reads as zeros
  PyObject* name = nullptr;
  Range* next = nullptr;
};
std::atomic<Range*> ranges{nullptr};
PyObject* gone = nullptr;  // the name of a file that went before it could be told what it had lost
struct sigaction before;
size_t page;
int empty = -1;  // a file without a byte: who reads memory over it is told again

// In the main thread, when Python calls something there. Who catches it and reads on finds the bytes lost again.
int tell(void*) {
  Py name(std::exchange(gone, nullptr));
  for (Range* r = ranges.load(); r; r = r->next) {
    char* from = r->lost.exchange(nullptr);
    if (!from) continue;
    if (empty >= 0) mmap(from, size_t(r->end - from), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, empty, 0);
    if (!name) name = Py(Py_NewRef(r->name));
  }
  if (!name) return 0;
  PyErr_Format(PyExc_RuntimeError,
               "the file %R, which is mapped into memory, could not be read where a tensor needs it: it has become "
               "shorter since, or its disk fails or is full. Results that used it are wrong; load it again, "
               "without mmap if others write to it",
               name.get());
  return -1;
}

// A fault is the thread's own at that very instruction, which reads or writes a tensor and holds no lock.
void on_fault(int number, siginfo_t* info, void* context) {
  char* at = static_cast<char*>(info->si_addr);
  for (Range* r = info->si_code > 0 ? ranges.load(std::memory_order_acquire) : nullptr; r; r = r->next) {
    char *begin = r->begin.load(std::memory_order_acquire), *end = r->end.load(std::memory_order_relaxed);
    if (!begin || at < begin || at >= end) continue;
    at -= size_t(at - begin) % page;
    const int how = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE;
    if (mmap(at, size_t(end - at), PROT_READ | PROT_WRITE, how, -1, 0) == MAP_FAILED) break;
    char* earlier = r->lost.load();
    while ((!earlier || at < earlier) && !r->lost.compare_exchange_weak(earlier, at)) {}
    Py_AddPendingCall(tell, nullptr);
    return;
  }
  if (before.sa_flags & SA_SIGINFO) return before.sa_sigaction(number, info, context);
  if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) return before.sa_handler(number);
  sigaction(number, &before, nullptr);
  if (info->si_code <= 0) raise(number);  // else the instruction is done again, without us
}

void watch_faults() {
  if (page) return;
  page = size_t(sysconf(_SC_PAGESIZE));
  empty = memfd_create("lost", MFD_CLOEXEC);
  struct sigaction ours = {};
  ours.sa_sigaction = on_fault;
  ours.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&ours.sa_mask);
  sigaction(SIGBUS, &ours, &before);
}

void forget(PyObject* capsule) {
  auto* r = static_cast<Range*>(PyCapsule_GetPointer(capsule, nullptr));
  r->begin = nullptr;
  PyObject* name = std::exchange(r->name, nullptr);
  if (r->lost.exchange(nullptr)) std::swap(gone, name);
  Py_XDECREF(name);
}

// watch_mapping(memory, name): until what it returns goes, `memory` (whole pages over a file, but for the last) is
// watched. Has to go before the memory is given back.
PyObject* watch_mapping(PyObject*, PyObject* args) {
  PyObject *memory, *name;
  if (!PyArg_ParseTuple(args, "OO", &memory, &name)) return nullptr;
  Py_buffer b;
  if (PyObject_GetBuffer(memory, &b, PyBUF_SIMPLE) != 0) return nullptr;
  char* begin = static_cast<char*>(b.buf);
  const size_t size = size_t(b.len);
  PyBuffer_Release(&b);
  watch_faults();
  if (!size || size_t(begin) % page) return PyErr_Format(PyExc_ValueError, "%R is not mapped memory", memory);
  Range* r = ranges.load();
  while (r && r->begin) r = r->next;
  if (!r) {
    r = new Range;
    r->next = ranges.load();
    ranges.store(r, std::memory_order_release);
  }
  PyObject* capsule = PyCapsule_New(r, nullptr, forget);
  if (!capsule) return nullptr;
  r->name = Py_NewRef(name);
  r->lost = nullptr;
  r->end = begin + (size + page - 1) / page * page;
  r->begin.store(begin, std::memory_order_release);
  return capsule;
}

PyMethodDef functions[] = {{"watch_mapping", watch_mapping, METH_VARARGS, nullptr}, {nullptr, nullptr, 0, nullptr}};

}  // namespace

int init_mapped(PyObject* module) { return PyModule_AddFunctions(module, functions); }

}  // namespace wgpy
