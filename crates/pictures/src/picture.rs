//! Decoding a picture that somebody sent, and drawing it anew.

use std::io::Cursor;

use image::{
    DynamicImage, ExtendedColorType, GenericImageView, ImageDecoder, ImageError, ImageFormat, ImageReader,
    Limits, RgbaImage,
    codecs::webp::WebPEncoder,
    imageops::{self, FilterType},
    metadata::Orientation,
};

/// The most bytes of a picture that are looked at.
pub const MAX_BYTES: usize = 5 * 1024 * 1024;
/// The longest side of a picture that is decoded, in pixels.
pub const MAX_SIDE: u32 = 4096;
/// The side of our own pictures, in pixels. Smaller ones are left as small as they are.
pub const SIDE: u32 = 256;
/// What our own pictures are.
pub const CONTENT_TYPE: &str = "image/webp";
/// The most memory that decoding may take: every pixel of the largest picture, at 16 bits a channel.
const MAX_DECODED: u64 = MAX_SIDE as u64 * MAX_SIDE as u64 * 8;

/// The most memory for what comes with the pixels of a PNG.
const MAX_ASIDE: u64 = 4 * 1024 * 1024;

/// Why a picture is refused, in words for the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is larger than [`MAX_BYTES`].
    #[error("This picture is larger than 5 MB. Use a smaller one.")]
    TooManyBytes,
    /// It is of no kind that is taken, whatever it is called.
    #[error("This file is no picture of a kind that is taken here. Use a PNG, JPEG, WebP or GIF.")]
    Unknown,
    /// It is larger than [`MAX_SIDE`].
    #[error("This picture is larger than 4096 by 4096 pixels. Make it smaller and try again.")]
    TooManyPixels,
    /// It ends early, or is not what its beginning says.
    #[error("This picture is damaged or incomplete. Save it anew as a PNG or JPEG and try again.")]
    Broken,
}

impl From<ImageError> for Refused {
    fn from(error: ImageError) -> Self {
        match error {
            ImageError::Limits(_) => Self::TooManyPixels,
            _ => Self::Broken,
        }
    }
}

/// The picture in `bytes`, cut to its middle square, at most [`SIDE`] wide, upright, as WebP. Only pixels come
/// through. Costs up to a second and 128 MB: [`crate::Studio`] bounds how many are drawn at once.
pub fn redraw(bytes: &[u8]) -> Result<Vec<u8>, Refused> {
    if bytes.len() > MAX_BYTES {
        return Err(Refused::TooManyBytes);
    }
    let (picture, orientation) = decode(bytes)?;
    let has_alpha = picture.color().has_alpha();
    let mut small = DynamicImage::ImageRgba8(square(&picture));
    drop(picture);
    small.apply_orientation(orientation);
    encode(&small, has_alpha)
}

/// What is taken, by its first bytes. The name and the type that came with it say nothing.
fn sniff(bytes: &[u8]) -> Result<ImageFormat, Refused> {
    match image::guess_format(bytes) {
        Ok(format @ (ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP | ImageFormat::Gif)) => {
            Ok(format)
        }
        _ => Err(Refused::Unknown),
    }
}

/// The pixels, and how a camera says that they are to be turned. Of an animation, the first picture.
fn decode(bytes: &[u8]) -> Result<(DynamicImage, Orientation), Refused> {
    let format = sniff(bytes)?;
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    // Of a PNG this bounds what is unpacked beside the pixels: rows, texts, colour profiles.
    limits.max_alloc = Some(match format {
        ImageFormat::Png => MAX_ASIDE,
        _ => MAX_DECODED,
    });
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    // Not every decoder holds itself to the limits; this one does for all, before there is a pixel.
    let (width, height) = decoder.dimensions();
    if width > MAX_SIDE || height > MAX_SIDE || decoder.total_bytes() > MAX_DECODED {
        return Err(Refused::TooManyPixels);
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    Ok((DynamicImage::from_decoder(decoder)?, orientation))
}

/// The middle square, cut before it is made smaller: what is long and thin never grows on the way.
fn square(picture: &DynamicImage) -> RgbaImage {
    let (width, height) = picture.dimensions();
    let side = width.min(height);
    let middle = picture.view((width - side) / 2, (height - side) / 2, side, side);
    if side <= SIDE {
        return middle.to_image();
    }
    // Quickly to twice the size, carefully from there.
    if side > 2 * SIDE {
        let half = imageops::thumbnail(&*middle, 2 * SIDE, 2 * SIDE);
        imageops::resize(&half, SIDE, SIDE, FilterType::Lanczos3)
    } else {
        imageops::resize(&*middle, SIDE, SIDE, FilterType::Lanczos3)
    }
}

fn encode(picture: &DynamicImage, has_alpha: bool) -> Result<Vec<u8>, Refused> {
    let (width, height) = (picture.width(), picture.height());
    let mut webp = Vec::new();
    let encoder = WebPEncoder::new_lossless(&mut webp);
    if has_alpha {
        let pixels = picture.to_rgba8();
        encoder.encode(&pixels, width, height, ExtendedColorType::Rgba8)?;
    } else {
        encoder.encode(&picture.to_rgb8(), width, height, ExtendedColorType::Rgb8)?;
    }
    Ok(webp)
}

#[cfg(test)]
mod tests;
