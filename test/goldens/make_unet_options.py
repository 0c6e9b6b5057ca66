"""Writes reference values for the options of UNet2DModel that make_goldens.py leaves at their defaults.

    pip install torch diffusers safetensors      (diffusers 0.42.1, torch 2.15.0 made the files here)
    python make_unet_options.py --out .

unet/<case>/ as in make_goldens.py; weights are drawn so that norms and biases matter.
"""
import argparse, os
import torch
from diffusers import UNet2DModel
from safetensors.torch import save_file

ap = argparse.ArgumentParser(); ap.add_argument('--out', default='.'); ap.add_argument('--seed', type=int, default=0)
A = ap.parse_args()

small = dict(sample_size=8, layers_per_block=1, norm_num_groups=2, block_out_channels=(4, 8))
CASES = {
    'option-learned-times': dict(small, time_embedding_type='learned', num_train_timesteps=20, center_input_sample=True,
                                 act_fn='mish', mid_block_type=None, downsample_padding=0, num_class_embeds=3, attention_head_dim=4,
                                 down_block_types=('AttnDownBlock2D', 'DownBlock2D'), up_block_types=('UpBlock2D', 'AttnUpBlock2D')),
    'option-class-as-time': dict(small, class_embed_type='timestep', act_fn='gelu', time_embedding_dim=12, freq_shift=1,
                                 mid_block_scale_factor=1.5, attn_norm_num_groups=4, attention_head_dim=2,
                                 down_block_types=('DownBlock2D', 'DownBlock2D'), up_block_types=('UpBlock2D', 'UpBlock2D')),
    'option-resnet-resampling': dict(small, sample_size=(4, 12), downsample_type='resnet', upsample_type='resnet', act_fn='relu',
                                     resnet_time_scale_shift='scale_shift', attention_head_dim=4, attn_norm_num_groups=2,
                                     down_block_types=('AttnDownBlock2D', 'ResnetDownsampleBlock2D'),
                                     up_block_types=('ResnetUpsampleBlock2D', 'AttnUpBlock2D')),
    'option-odd-widths': dict(small, block_out_channels=(9, 12), norm_num_groups=3, attention_head_dim=5, layers_per_block=2,
                              flip_sin_to_cos=False, in_channels=1, out_channels=2,
                              down_block_types=('AttnDownBlock2D', 'AttnDownBlock2D'), up_block_types=('AttnUpBlock2D', 'AttnUpBlock2D')),
    'option-one-level': dict(small, sample_size=7, block_out_channels=(4,), add_attention=False,
                             down_block_types=('ResnetDownsampleBlock2D',), up_block_types=('AttnUpBlock2D',), attention_head_dim=None),
}

for name, config in CASES.items():
    g = torch.Generator().manual_seed(A.seed)
    model = UNet2DModel(**config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            noise = torch.randn(parameter.shape, generator=g)
            parameter.copy_(noise / parameter[0].numel() ** .5 if parameter.dim() > 1 else parameter + .3 * noise)
    model.save_pretrained(os.path.join(A.out, 'unet', name))
    size = config['sample_size']; h, w = size if isinstance(size, tuple) else (size, size)
    learned = config.get('time_embedding_type') == 'learned'
    x = torch.randn((2, config.get('in_channels', 3), h, w), generator=g)
    t = torch.tensor([0, 19]) if learned else torch.tensor([3., 499.5])
    labels = dict(class_labels=torch.tensor([2, 0])) if 'num_class_embeds' in config or 'class_embed_type' in config else {}
    with torch.no_grad(): y = model(x, t, **labels).sample
    save_file(dict(sample=x, timestep=t, out=y.contiguous(), **labels), os.path.join(A.out, 'unet', name, 'io.safetensors'))
    print(name, sum(p.numel() for p in model.parameters()), float(y.abs().max()))
