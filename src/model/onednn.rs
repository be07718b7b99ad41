//! Products of matrices by oneDNN, in single precision on a CPU.
//!
//! libtorch makes them by MKL, which on processors of AMD leaves half of the speed to
//! take. It has oneDNN's too, which it uses for compiled graphs; they are called by
//! name, through a few lines of C++ (`onednn.cpp`), since autograd does not know their
//! gradients. Where they are not there, or the matrices are small, products are made as
//! ever: which way depends on sizes alone.
//!
//! For few rows most of the time goes into reading the matrix, which both libraries
//! bring into another order first. oneDNN need not where the numbers of a column lie
//! one after the other. `dX = dY W` has W so by itself; for `X Wᵀ` a scan copies W so
//! once ([`Factor`]), and multiplies at every time. For many rows there is nothing to
//! gain by it. Best times on one thread of an EPYC with AVX-512, in µs, and what the
//! copy takes:
//!
//! | rows, widths | X Wᵀ, MKL | W as it is | by columns | dY W, MKL | oneDNN | copy |
//! |---|---|---|---|---|---|---|
//! | 20, 720 to 1440 | 480 | 458 | 195 | 461 | 193 | 393 |
//! | 64, 720 to 1440 | 1539 | | 563 | 1418 | 554 | 397 |
//! | 64, 128 to 256 | 42 | 31 | 27 | 42 | 28 | 15 |
//! | 20, 128 to 256 | 16 | | 16 | 15 | 16 | 15 |
//! | 20, 64 to 128 | 5 | | 12 | 5 | 13 | 6 |
//! | 1, 720 to 1440 | 59 | 57 | 56 | 58 | 56 | 397 |
//! | 700, 720 to 10 000 | 100 000 | 46 000 | 43 000 | 94 000 | 42 000 | 6 000 |
//!
//! A step of the recurrent search (`benches/speed`) so takes 576 ms of processor time on
//! one thread: eager torch took 2.2 times as long beside it, and 1.1 times as long as
//! the step with MKL.

use std::ffi::{CStr, c_char};
use std::ptr;
use std::sync::OnceLock;

use tch::{Device, Kind, TchError, Tensor};
use torch_sys::C_tensor;

/// As many multiplications as make up for the start of oneDNN, which takes longer.
const LEAST: i64 = 1 << 20;

/// A matrix that a scan multiplies by at every time.
#[derive(Debug)]
pub(super) struct Factor {
    /// W. // (OUT, IN)
    matrix: Tensor,
    /// The same, the numbers of a column one after the other; where oneDNN multiplies.
    columns: Option<Tensor>,
}

impl Factor {
    /// For operands such as `x`, without gradient of the matrix.
    /// // x: (B, IN), matrix: (OUT, IN)
    pub fn new(x: &Tensor, matrix: &Tensor) -> Result<Self, TchError> {
        let matrix = matrix.f_detach()?;
        let columns = serves(x, &matrix)
            .then(|| matrix.f_tr()?.f_contiguous()?.f_tr())
            .transpose()?;
        Ok(Self { matrix, columns })
    }

    /// X Wᵀ + S. // x: (B, IN), sum: (B, OUT) -> (B, OUT)
    pub fn product_and(&self, x: &Tensor, sum: &Tensor) -> Result<Tensor, TchError> {
        match &self.columns {
            Some(_) => self.product(x)?.f_add(sum),
            None => sum.f_addmm(x, &self.matrix.f_tr()?),
        }
    }

    /// X Wᵀ. // x: (B, IN) -> (B, OUT)
    pub fn product(&self, x: &Tensor) -> Result<Tensor, TchError> {
        match &self.columns {
            Some(columns) => by_onednn(x, &self.matrix, columns),
            None => x.f_linear(&self.matrix, None::<&Tensor>),
        }
    }
}

/// X Wᵀ + b, with the gradients of all.
/// // x: (.., IN), matrix: (OUT, IN), bias: (OUT) -> (.., OUT)
pub(super) fn linear(
    x: &Tensor,
    matrix: &Tensor,
    bias: Option<&Tensor>,
) -> Result<Tensor, TchError> {
    if !serves(x, matrix) {
        return x.f_linear(matrix, bias);
    }
    let (out, width) = matrix.size2()?;
    let mut sizes = x.size();
    if let Some(last) = sizes.last_mut() {
        *last = out;
    }
    let product = by_onednn(&x.f_reshape([-1, width])?, matrix, matrix)?;
    let product = product.f_view(sizes.as_slice())?;
    match bias {
        Some(bias) => product.f_add(bias),
        None => Ok(product),
    }
}

/// Whether oneDNN makes the product of such.
fn serves(x: &Tensor, matrix: &Tensor) -> bool {
    let is_single = |one: &Tensor| one.device() == Device::Cpu && one.kind() == Kind::Float;
    let out = matrix.size().first().copied().unwrap_or(0);
    is_single(x) && is_single(matrix) && x.numel() as i64 * out >= LEAST && is_there()
}

/// Whether this libtorch has oneDNN for this processor: asked once.
fn is_there() -> bool {
    static THERE: OnceLock<bool> = OnceLock::new();
    *THERE.get_or_init(|| {
        let one = Tensor::f_ones([1, 1], (Kind::Float, Device::Cpu));
        one.and_then(|one| by_onednn(&one, &one, &one)).is_ok()
    })
}

#[expect(unsafe_code, reason = "the part in C++")]
unsafe extern "C" {
    fn enasc_product(
        x: *const C_tensor,
        matrix: *const C_tensor,
        same: *const C_tensor,
        result: *mut *mut C_tensor,
    ) -> *const c_char;
}

/// X Wᵀ by oneDNN, where `same` is W in any order.
/// // x: (B, IN), matrix and same: (OUT, IN) -> (B, OUT)
#[expect(unsafe_code, reason = "the part in C++")]
fn by_onednn(x: &Tensor, matrix: &Tensor, same: &Tensor) -> Result<Tensor, TchError> {
    let mut result = ptr::null_mut();
    // SAFETY: the tensors outlive the call, which lets no exception out. Without a
    // message it has put a tensor of our own at `result`; a message is a C string that
    // lives until the next call of this thread.
    unsafe {
        let message = enasc_product(x.as_ptr(), matrix.as_ptr(), same.as_ptr(), &raw mut result);
        if message.is_null() {
            return Ok(Tensor::from_ptr(result));
        }
        let message = CStr::from_ptr(message).to_string_lossy();
        Err(TchError::Torch(message.into_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::{assert_close, noise};

    fn single(sizes: &[i64]) -> Tensor {
        noise(sizes).to_kind(Kind::Float)
    }

    /// The result, and the gradients of the leaves for the gradient `dy` of the result.
    fn with_gradients(result: Tensor, dy: &Tensor, leaves: &[&Tensor]) -> Vec<Tensor> {
        let loss = (&result * dy).sum(Kind::Float);
        let mut found = Tensor::run_backward(&[loss], leaves, false, false);
        found.push(result);
        found
    }

    /// B, IN, OUT: odd ones, single ones.
    const SIZES: [(i64, i64, i64); 6] = [
        (20, 72, 144),
        (17, 71, 143),
        (1, 64, 33),
        (64, 1, 7),
        (3, 5, 1),
        (1, 1, 1),
    ];

    #[test]
    fn products_and_gradients_are_the_plain_ones() {
        assert!(is_there());
        for (b, i, o) in SIZES {
            let x = single(&[b, i]).set_requires_grad(true);
            let w = single(&[o, i]).set_requires_grad(true);
            let dy = single(&[b, o]);
            let plain = with_gradients(x.matmul(&w.tr()), &dy, &[&x, &w]);
            let columns = w.detach().tr().contiguous().tr();
            for same in [&w.detach(), &columns] {
                let ours = by_onednn(&x, &w, same).unwrap();
                for (a, b) in with_gradients(ours, &dy, &[&x, &w]).iter().zip(&plain) {
                    assert_close(a, b, 1e-5);
                }
            }
        }
    }

    #[test]
    fn a_factor_has_no_gradient_and_gives_that_of_its_operand_and_of_what_is_added() {
        for (b, i, o) in [(64, 128, 256), (8, 16, 32)] {
            let x = single(&[b, i]).set_requires_grad(true);
            let w = single(&[o, i]).set_requires_grad(true);
            let sum = single(&[b, o]).set_requires_grad(true);
            let dy = single(&[b, o]);
            let leaves = [&x, &sum];
            let plain = with_gradients(sum.addmm(&x, &w.detach().tr()), &dy, &leaves);
            let factor = Factor::new(&x, &w).unwrap();
            assert_eq!(factor.columns.is_some(), b == 64);
            let ours = factor.product_and(&x, &sum).unwrap();
            for (a, b) in with_gradients(ours, &dy, &leaves).iter().zip(&plain) {
                assert_close(a, b, 1e-5);
            }
            let alone = factor.product(&x).unwrap();
            assert_close(&alone, &x.matmul(&w.tr()), 1e-5);
        }
    }

    #[test]
    fn small_products_and_those_in_double_precision_are_the_plain_ones() {
        let (x, w) = (noise(&[64, 128]), noise(&[256, 128]));
        assert!(!serves(&x, &w));
        assert_eq!(linear(&x, &w, None).unwrap(), x.matmul(&w.tr()));
        let (x, w) = (x.to_kind(Kind::Float), w.to_kind(Kind::Float));
        assert!(serves(&x, &w));
        assert!(!serves(&x.narrow(0, 0, 8), &w));
    }

    #[test]
    fn operands_may_have_times_and_lie_in_any_order() {
        let x = single(&[128, 4, 16])
            .permute([1, 2, 0])
            .set_requires_grad(true); // (T, B, IN)
        let w = single(&[256, 128]).set_requires_grad(true);
        assert!(serves(&x, &w));
        // A gradient that is one number, expanded.
        let dy = single(&[1, 1, 1]).expand([4, 16, 256], false);
        let bias = single(&[256]).set_requires_grad(true);
        let leaves = [&x, &w, &bias];
        let plain = with_gradients(x.matmul(&w.tr()) + &bias, &dy, &leaves);
        let ours = with_gradients(linear(&x, &w, Some(&bias)).unwrap(), &dy, &leaves);
        for (a, b) in ours.iter().zip(&plain) {
            assert_close(a, b, 1e-4);
        }
        let sum = linear(&x, &w, None).unwrap().sum(Kind::Float);
        let ours = Tensor::run_backward(&[sum], &[&x], false, false);
        let plain = w.sum_dim_intlist(0, false, Kind::Float).expand_as(&x);
        assert_close(&ours[0], &plain, 1e-4);
    }

    #[test]
    fn errors_of_cpp_come_back() {
        let (x, w) = (single(&[2, 3]), single(&[4, 5]));
        let why = by_onednn(&x, &w, &w).unwrap_err();
        assert!(
            matches!(&why, TchError::Torch(text) if !text.is_empty()),
            "{why}"
        );
        // And leave the next call as it was.
        assert!(by_onednn(&x, &x, &x).is_ok());
    }
}
