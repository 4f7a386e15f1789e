//! Colours of all kinds into sRGB, and inks into colours.

use moxcms::{
    CicpColorPrimaries, CicpProfile, ColorProfile, DataColorSpace, MatrixCoefficients, RenderingIntent,
    TransferCharacteristics, TransformOptions,
};

use crate::raster::{Layout, Raster};

/// What the numbers of a picture mean.
#[derive(Clone, Debug, Default)]
pub(crate) enum Meaning {
    /// sRGB, as everything that says nothing.
    #[default]
    Srgb,
    /// What this ICC profile says.
    Profile(Vec<u8>),
    /// Primaries and transfer function by the numbers of ITU-T H.273.
    Cicp(u8, u8),
}

/// The most bytes of a profile that is looked at.
const MAX_PROFILE: usize = 8 << 20;

/// The same picture in sRGB, with opacity if it had any. A profile that cannot be used is left out, as viewers do.
pub(crate) fn to_srgb(raster: Raster, meaning: &Meaning) -> Raster {
    let converted = profile(meaning).and_then(|profile| convert(&raster, &profile));
    let raster = converted.unwrap_or(raster);
    if raster.layout == Layout::Cmyk { inks_to_colors(raster) } else { raster }
}

/// The same for 16 bits a channel, given in the machine's order; comes out in 8 bits.
pub(crate) fn to_srgb_16(width: u32, height: u32, layout: Layout, data: &[u16], meaning: &Meaning) -> Option<Raster> {
    let profile = profile(meaning).filter(|profile| profile.color_space == space(layout));
    let converted = profile.and_then(|profile| {
        let mut out = vec![0; data.len()];
        let layout = names(layout)?;
        let transform = profile.create_transform_16bit(layout, &ColorProfile::new_srgb(), layout, options()).ok()?;
        transform.transform(data, &mut out).ok()?;
        Some(out)
    });
    let data = converted.as_deref().unwrap_or(data);
    // Rounded, not cut off: 65535 is 257 × 255.
    let bytes = data.iter().map(|value| u8::try_from((u32::from(*value) + 128) / 257).unwrap_or(255)).collect();
    Raster::new(width, height, layout, bytes)
}

fn profile(meaning: &Meaning) -> Option<ColorProfile> {
    match meaning {
        Meaning::Srgb => None,
        Meaning::Profile(bytes) if bytes.len() <= MAX_PROFILE => ColorProfile::new_from_slice(bytes).ok(),
        Meaning::Profile(_) => None,
        // 2 is unspecified; 1 and 13 together are sRGB but for the transfer function, which viewers take for sRGB's.
        Meaning::Cicp(1 | 2, _) => None,
        Meaning::Cicp(primaries, transfer) => {
            let color_primaries = CicpColorPrimaries::try_from(*primaries).ok()?;
            let transfer_characteristics = match TransferCharacteristics::try_from(*transfer) {
                // Video curves are shown as sRGB's.
                Ok(
                    TransferCharacteristics::Reserved
                    | TransferCharacteristics::Unspecified
                    | TransferCharacteristics::Bt709
                    | TransferCharacteristics::Bt601,
                )
                | Err(_) => TransferCharacteristics::Srgb,
                Ok(other) => other,
            };
            let matrix_coefficients = MatrixCoefficients::Identity;
            Some(ColorProfile::new_from_cicp(CicpProfile {
                color_primaries,
                transfer_characteristics,
                matrix_coefficients,
                full_range: true,
            }))
        }
    }
}

const fn space(layout: Layout) -> DataColorSpace {
    match layout {
        Layout::Gray | Layout::GrayAlpha => DataColorSpace::Gray,
        Layout::Rgb | Layout::Rgba => DataColorSpace::Rgb,
        Layout::Cmyk => DataColorSpace::Cmyk,
    }
}

const fn names(layout: Layout) -> Option<moxcms::Layout> {
    Some(match layout {
        Layout::Gray => moxcms::Layout::Gray,
        Layout::GrayAlpha => moxcms::Layout::GrayAlpha,
        Layout::Rgb => moxcms::Layout::Rgb,
        Layout::Rgba => moxcms::Layout::Rgba,
        Layout::Cmyk => return None,
    })
}

fn options() -> TransformOptions {
    TransformOptions { rendering_intent: RenderingIntent::RelativeColorimetric, ..TransformOptions::default() }
}

fn convert(raster: &Raster, profile: &ColorProfile) -> Option<Raster> {
    // A profile for another kind of picture means nothing here.
    if profile.color_space != space(raster.layout) {
        return None;
    }
    let srgb = ColorProfile::new_srgb();
    let (from, to, layout) = match raster.layout {
        Layout::Gray => (moxcms::Layout::Gray, moxcms::Layout::Rgb, Layout::Rgb),
        Layout::GrayAlpha => (moxcms::Layout::GrayAlpha, moxcms::Layout::Rgba, Layout::Rgba),
        Layout::Rgb => (moxcms::Layout::Rgb, moxcms::Layout::Rgb, Layout::Rgb),
        Layout::Rgba => (moxcms::Layout::Rgba, moxcms::Layout::Rgba, Layout::Rgba),
        // Four inks are in the place of four channels.
        Layout::Cmyk => (moxcms::Layout::Rgba, moxcms::Layout::Rgb, Layout::Rgb),
    };
    let transform = profile.create_transform_8bit(from, &srgb, to, options()).ok()?;
    let mut data = vec![0; raster.width as usize * raster.height as usize * layout.bytes()];
    transform.transform(&raster.data, &mut data).ok()?;
    Raster::new(raster.width, raster.height, layout, data)
}

/// Inks of no known printer into colours: what is left of white light behind each.
pub(crate) fn inks_to_colors(raster: Raster) -> Raster {
    let through = |ink: u8, black: u8| {
        let light = (255 - u32::from(ink)) * (255 - u32::from(black));
        u8::try_from((light + 127) / 255).unwrap_or(255)
    };
    let data = raster
        .data
        .chunks_exact(4)
        .flat_map(|p| [through(p[0], p[3]), through(p[1], p[3]), through(p[2], p[3])])
        .collect();
    Raster { layout: Layout::Rgb, data, ..raster }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_red_is_cut_to_the_edge_of_srgb() {
        let p3 = ColorProfile::new_display_p3().encode().expect("a profile has bytes");
        let red = Raster::filled(2, 1, Layout::Rgb, &[255, 0, 0]);
        let gray = Raster::filled(2, 1, Layout::Rgb, &[128, 128, 128]);
        assert_eq!(to_srgb(red, &Meaning::Profile(p3.clone())).pixel(0, 0), [255, 0, 0]);
        let gray = to_srgb(gray, &Meaning::Profile(p3.clone()));
        assert!(gray.data.iter().all(|v| v.abs_diff(128) <= 1), "{gray:?}");
        // A colour inside of both moves outwards: P3's numbers are smaller than sRGB's for the same colour.
        let moved = to_srgb(Raster::filled(1, 1, Layout::Rgb, &[200, 100, 100]), &Meaning::Profile(p3));
        assert!(moved.data[0] > 205 && moved.data[1] < 100, "{moved:?}");
        let same = to_srgb(Raster::filled(1, 1, Layout::Rgb, &[200, 100, 100]), &Meaning::Cicp(12, 13));
        assert!(same.data.iter().zip(&moved.data).all(|(a, b)| a.abs_diff(*b) <= 1), "{same:?} {moved:?}");
    }

    #[test]
    fn rubbish_profiles_are_left_out_and_inks_darken() {
        let red = Raster::filled(1, 1, Layout::Rgb, &[200, 10, 10]);
        assert_eq!(to_srgb(red.clone(), &Meaning::Profile(vec![1, 2, 3])), red);
        let inks = Raster::new(2, 1, Layout::Cmyk, vec![0, 255, 255, 0, 0, 0, 0, 255]).expect("two pixels");
        assert_eq!(to_srgb(inks, &Meaning::Srgb).data, [255, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn sixteen_bits_are_rounded() {
        let raster =
            to_srgb_16(3, 1, Layout::Gray, &[0, 65535, 257 * 100 + 128], &Meaning::Srgb).expect("three pixels");
        assert_eq!(raster.data, [0, 255, 100]);
    }
}
