// The part of `onednn.rs` that libtorch's bindings have no words for.

#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/csrc/autograd/custom_function.h>

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace {

// A Bᵀ. // a: (M, K), b: (N, K) -> (M, N)
Tensor times_transposed(const Tensor& a, const Tensor& b) {
  using Signature = Tensor(
      const Tensor&,
      const Tensor&,
      const std::optional<Tensor>&,
      std::string_view,
      c10::List<std::optional<at::Scalar>>,
      std::optional<std::string_view>);
  static const auto linear = c10::Dispatcher::singleton()
                                 .findSchemaOrThrow("mkldnn::_linear_pointwise", "")
                                 .typed<Signature>();
  return linear.call(a, b, std::nullopt, "none", c10::List<std::optional<at::Scalar>>(), "");
}

// X Wᵀ and its gradients dX = dY W and dW = dYᵀ X. `same` has the numbers of W.
struct Product : torch::autograd::Function<Product> {
  static Tensor forward(
      AutogradContext* ctx,
      const Tensor& x, // (B, IN)
      const Tensor& w, // (OUT, IN)
      const Tensor& same) {
    auto rows = x.contiguous();
    ctx->save_for_backward({w.requires_grad() ? rows : Tensor(), w});
    return times_transposed(rows, same); // (B, OUT)
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& of_result) {
    const auto saved = ctx->get_saved_variables();
    const auto &rows = saved[0], &w = saved[1], &dy = of_result[0];
    return {
        ctx->needs_input_grad(0) ? times_transposed(dy, w.t()) : Tensor(),
        ctx->needs_input_grad(1) ? times_transposed(dy.t(), rows.t()) : Tensor(),
        Tensor()};
  }
};

} // namespace

// Puts a new tensor at `result`; or says why not, until this thread calls again.
extern "C" const char* enasc_product(
    const Tensor* x,
    const Tensor* w,
    const Tensor* same,
    Tensor** result) {
  thread_local std::string message;
  try {
    *result = new Tensor(Product::apply(*x, *w, *same));
    return nullptr;
  } catch (const std::exception& error) {
    message = error.what();
  } catch (...) {
    message = "an exception of an unknown kind";
  }
  return message.c_str();
}
