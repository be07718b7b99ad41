//! Linear maps, embeddings, and what is made of them.

use tch::{TchError, Tensor};

use crate::model::onednn;

/// On vectors, `(.., D)` to `(.., OUT)`; on more, `(B, D, ..)` to `(B, OUT, ..)`
/// at every place. The matrix is `(OUT, D)`; `rank` is that of the shape
/// without batch and time.
pub(in crate::model) fn linear(
    x: &Tensor,
    matrix: &Tensor,
    bias: Option<&Tensor>,
    rank: usize,
) -> Result<Tensor, TchError> {
    if rank <= 1 {
        return onednn::linear(x, matrix, bias);
    }
    x.f_movedim_int(1, -1)? // (B, .., D)
        .f_linear(matrix, bias)?
        .f_movedim_int(-1, 1)
}

/// Tokens `(T, B)` to `(T, B, D)`; the matrix is `(V, D)`.
pub(in crate::model) fn embed(tokens: &Tensor, matrix: &Tensor) -> Result<Tensor, TchError> {
    Tensor::f_embedding(matrix, tokens, -1, false, false)
}

/// `(B, C, H, W)` times a gate for each channel (Hu et al., arXiv 1709.01507):
/// σ(W2 relu(W1 gap(x) + b1) + b2), with W1 `(C / R, C)` and W2 `(C, C / R)`.
pub(in crate::model) fn squeeze_excite(
    x: &Tensor,
    [squeeze, squeeze_bias, excite, excite_bias]: [&Tensor; 4],
) -> Result<Tensor, TchError> {
    let gate = super::global_avg_pool(x)? // (B, C)
        .f_linear(squeeze, Some(squeeze_bias))? // (B, C / R)
        .f_relu()?
        .f_linear(excite, Some(excite_bias))? // (B, C)
        .f_sigmoid()?;
    x.f_mul(&gate.f_unsqueeze(-1)?.f_unsqueeze(-1)?)
}

/// `(B, T, D)`: self-attention of `heads` heads (Vaswani et al.,
/// arXiv 1706.03762), every place seeing every other; four matrices `(D, D)`.
pub(in crate::model) fn attention(
    x: &Tensor,
    heads: usize,
    [query, key, value, result]: [&Tensor; 4],
) -> Result<Tensor, TchError> {
    let (b, t, _) = x.size3()?;
    let heads = heads as i64;
    let split = |matrix: &Tensor| {
        x.f_linear(matrix, None::<&Tensor>)?
            .f_view([b, t, heads, -1])?
            .f_transpose(1, 2) // (B, HEADS, T, HEAD)
    };
    let (query, key, value) = (split(query)?, split(key)?, split(value)?);
    let none = None::<&Tensor>;
    Tensor::f_scaled_dot_product_attention(&query, &key, &value, none, 0.0, false, None, false)?
        .f_transpose(1, 2)?
        .f_reshape([b, t, -1])?
        .f_linear(result, none)
}

#[cfg(test)]
#[expect(clippy::many_single_char_names, reason = "the names of the formulas")]
mod tests {
    use super::*;
    use crate::model::testing::{assert_close, noise, numbers};

    #[test]
    fn linear_is_a_product_with_the_matrix_and_a_bias() {
        let x = Tensor::from_slice(&[1.0, 2.0]).view([1, 2]);
        let matrix = Tensor::from_slice(&[1.0, 10.0, 3.0, -1.0, 0.5, 0.0]).view([3, 2]);
        let bias = Tensor::from_slice(&[0.0, 0.0, 1.0]);
        let found = linear(&x, &matrix, Some(&bias), 1).unwrap();
        assert_eq!(found, Tensor::from_slice(&[21.0, 1.0, 1.5]).view([1, 3]));
        let timed = linear(&x.unsqueeze(0), &matrix, Some(&bias), 1).unwrap();
        assert_eq!(timed, found.unsqueeze(0));
    }

    #[test]
    fn linear_on_images_is_a_convolution_of_size_one() {
        let (x, matrix) = (noise(&[2, 3, 4, 5]), noise(&[6, 3]));
        let found = linear(&x, &matrix, None, 3).unwrap();
        let kernel = matrix.view([6, 3, 1, 1]);
        let expected = x.conv2d(&kernel, None::<&Tensor>, [1, 1], [0, 0], [1, 1], 1);
        assert_close(&found, &expected, 1e-12);
    }

    #[test]
    fn embed_takes_the_row_of_each_token() {
        let matrix = Tensor::from_slice(&[0.0, 1.0, 10.0, 11.0, 20.0, 21.0]).view([3, 2]);
        let tokens = Tensor::from_slice(&[2i64, 0]).view([2, 1]);
        let found = embed(&tokens, &matrix).unwrap();
        assert_eq!(
            found,
            Tensor::from_slice(&[20.0, 21.0, 0.0, 1.0]).view([2, 1, 2])
        );
    }

    #[test]
    fn squeeze_excite_gates_each_channel() {
        let x = noise(&[1, 2, 2, 2]);
        let (w1, b1) = (
            Tensor::from_slice(&[1.0, -2.0]).view([1, 2]),
            Tensor::from_slice(&[0.5]),
        );
        let (w2, b2) = (
            Tensor::from_slice(&[3.0, -1.0]).view([2, 1]),
            Tensor::from_slice(&[0.1, 0.2]),
        );
        let found = squeeze_excite(&x, [&w1, &b1, &w2, &b2]).unwrap();
        let values = numbers(&x);
        let mean = |c: usize| values[4 * c..4 * c + 4].iter().sum::<f64>() / 4.0;
        let hidden = (mean(0) - 2.0 * mean(1) + 0.5).max(0.0);
        let gate = |z: f64| 1.0 / (1.0 + (-z).exp());
        let gates = [gate(3.0 * hidden + 0.1), gate(-hidden + 0.2)];
        let expected: Vec<f64> = values
            .iter()
            .enumerate()
            .map(|(i, v)| v * gates[i / 4])
            .collect();
        assert_close(
            &found,
            &Tensor::from_slice(&expected).view([1, 2, 2, 2]),
            1e-12,
        );
    }

    #[test]
    fn attention_weighs_values_by_softmax_of_scaled_products() {
        let (t, d, heads) = (3usize, 4usize, 2usize);
        let x = noise(&[1, 3, 4]);
        let matrices: Vec<Tensor> = (0..4).map(|_| noise(&[4, 4])).collect();
        let [q, k, v, r] = [0, 1, 2, 3].map(|i| &matrices[i]);
        let found = attention(&x, heads, [q, k, v, r]).unwrap();

        let times = |rows: &[f64], matrix: &[f64]| -> Vec<f64> {
            (0..t * d)
                .map(|at| {
                    (0..d)
                        .map(|i| rows[at / d * d + i] * matrix[at % d * d + i])
                        .sum()
                })
                .collect()
        };
        let x = numbers(&x);
        let [q, k, v] = [q, k, v].map(|matrix| times(&x, &numbers(matrix)));
        let width = d / heads;
        let mut mixed = vec![0.0; t * d];
        for head in 0..heads {
            for i in 0..t {
                let weights: Vec<f64> = (0..t)
                    .map(|j| {
                        let product: f64 = (0..width)
                            .map(|e| q[i * d + head * width + e] * k[j * d + head * width + e])
                            .sum();
                        (product / (width as f64).sqrt()).exp()
                    })
                    .collect();
                let total: f64 = weights.iter().sum();
                for e in 0..width {
                    mixed[i * d + head * width + e] = (0..t)
                        .map(|j| weights[j] / total * v[j * d + head * width + e])
                        .sum();
                }
            }
        }
        let expected = Tensor::from_slice(&times(&mixed, &numbers(r))).view([1, 3, 4]);
        assert_close(&found, &expected, 1e-12);
    }
}
