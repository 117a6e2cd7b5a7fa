"""torch.nn.functional: layers and losses as functions, without state."""

from .._lazy_names import lazy_names

_HOMES = {
    "_arguments": ("_parse_to",),
    "_accelerator": ("scaled_grouped_mm", "scaled_mm"),
    "grouped": ("grouped_mm",),
    "_taking_over": (
        "_Reduction", "grad", "handle_torch_function", "has_torch_function", "has_torch_function_unary",
        "has_torch_function_variadic",
    ),
    "activation": (
        "_get_softmax_dim", "celu", "celu_", "elu", "elu_", "gelu", "glu", "gumbel_softmax", "hardshrink",
        "hardsigmoid", "hardswish", "hardtanh", "hardtanh_", "leaky_relu", "leaky_relu_", "log_softmax",
        "logsigmoid", "mish", "prelu", "relu", "relu6", "relu_", "rrelu", "rrelu_", "selu", "selu_",
        "sigmoid", "silu", "softmax", "softmin", "softplus", "softshrink", "softsign", "tanh", "tanhshrink",
        "threshold", "threshold_",
    ),
    "attention": (
        "_canonical_mask", "_in_projection", "_in_projection_packed", "_mha_shape_check", "_none_or_dtype",
        "multi_head_attention_forward", "scaled_dot_product_attention",
    ),
    "conv": (
        "bilinear", "conv1d", "conv2d", "conv3d", "conv_tbc", "conv_transpose1d", "conv_transpose2d",
        "conv_transpose3d", "embedding", "embedding_bag", "fold", "linear", "unfold",
    ),
    "distance": ("cosine_similarity", "normalize", "one_hot", "pairwise_distance", "pdist"),
    "dropouts": ("alpha_dropout", "dropout", "dropout1d", "dropout2d", "dropout3d", "feature_alpha_dropout"),
    "loss": (
        "binary_cross_entropy", "binary_cross_entropy_with_logits", "cross_entropy", "gaussian_nll_loss",
        "huber_loss", "kl_div", "l1_loss", "linear_cross_entropy", "mse_loss", "nll_loss", "poisson_nll_loss",
        "smooth_l1_loss",
    ),
    "margin_loss": (
        "cosine_embedding_loss", "ctc_loss", "hinge_embedding_loss", "margin_ranking_loss",
        "multi_margin_loss", "multilabel_margin_loss", "multilabel_soft_margin_loss", "soft_margin_loss",
        "triplet_margin_loss", "triplet_margin_with_distance_loss",
    ),
    "norm": (
        "_verify_batch_size", "_verify_spatial_size", "batch_norm", "group_norm", "instance_norm",
        "layer_norm", "local_response_norm", "rms_norm",
    ),
    "padding": ("pad",),
    "pooling": (
        "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "adaptive_max_pool1d",
        "adaptive_max_pool1d_with_indices", "adaptive_max_pool2d", "adaptive_max_pool2d_with_indices",
        "adaptive_max_pool3d", "adaptive_max_pool3d_with_indices", "avg_pool1d", "avg_pool2d", "avg_pool3d",
        "lp_pool1d", "lp_pool2d", "lp_pool3d", "max_pool1d", "max_pool1d_with_indices", "max_pool2d",
        "max_pool2d_with_indices", "max_pool3d", "max_pool3d_with_indices",
    ),
    "unpooling": (
        "_unpool_output_size", "fractional_max_pool2d", "fractional_max_pool2d_with_indices",
        "fractional_max_pool3d", "fractional_max_pool3d_with_indices", "max_unpool1d", "max_unpool2d",
        "max_unpool3d",
    ),
    "vision": (
        "GRID_SAMPLE_INTERPOLATION_MODES", "GRID_SAMPLE_PADDING_MODES", "affine_grid", "assert_int_or_pair",
        "channel_shuffle", "grid_sample", "interpolate", "native_channel_shuffle", "pixel_shuffle",
        "pixel_unshuffle", "upsample", "upsample_bilinear", "upsample_nearest",
    ),
}  # fmt: skip

__getattr__, __dir__, _names = lazy_names(__name__, _HOMES)
__all__ = [name for name in _names if name[0] != "_"]
