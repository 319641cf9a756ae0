//! Files to test with.

use std::io::{Cursor, Write};

use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage, codecs::gif::GifEncoder};

/// What the camera of [`with_exif`] is called.
pub(super) const CAMERA: &[u8] = b"Canary 3000";

pub(super) fn stripes(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        Rgb([(x * 7 % 256) as u8, (y * 5 % 256) as u8, ((x ^ y) % 256) as u8])
    })
}

pub(super) fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// Raw pixels behind the mark of a format that is not taken.
pub(super) fn encoded_as(picture: &RgbImage, mark: &[u8]) -> Vec<u8> {
    [mark, picture.as_raw()].concat()
}

pub(super) fn animation(colours: &[Rgba<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new(&mut bytes);
    for colour in colours {
        let frame = image::Frame::new(RgbaImage::from_pixel(16, 16, *colour));
        encoder.encode_frame(frame).unwrap();
    }
    drop(encoder);
    bytes
}

/// `jpeg` with one more segment after its start.
pub(super) fn with_segment(jpeg: &[u8], marker: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xFF, marker], &length, content, &jpeg[2..]].concat()
}

/// `jpeg` as a camera writes it: how it was held, who made it, and where.
pub(super) fn with_exif(jpeg: &[u8], orientation: u16) -> Vec<u8> {
    let mut tiff: Vec<u8> = b"II*\0\x08\0\0\0".to_vec();
    let entry = |tag: u16, kind: u16, count: u32, value: u32| {
        [
            &tag.to_le_bytes()[..],
            &kind.to_le_bytes(),
            &count.to_le_bytes(),
            &value.to_le_bytes(),
        ]
        .concat()
    };
    let (maker, place) = (50_u32, 62_u32);
    tiff.extend(3_u16.to_le_bytes());
    tiff.extend(entry(0x010F, 2, CAMERA.len() as u32 + 1, maker));
    tiff.extend(entry(0x0112, 3, 1, u32::from(orientation)));
    tiff.extend(entry(0x8825, 4, 1, place));
    tiff.extend(0_u32.to_le_bytes());
    assert_eq!(tiff.len(), maker as usize);
    tiff.extend(CAMERA);
    tiff.push(0);
    assert_eq!(tiff.len(), place as usize);
    tiff.extend(2_u16.to_le_bytes());
    tiff.extend(entry(1, 2, 2, u32::from(b'N')));
    tiff.extend(entry(2, 5, 3, place + 30));
    tiff.extend(0_u32.to_le_bytes());
    for part in [52_u32, 1, 31, 1, 12, 1] {
        tiff.extend(part.to_le_bytes());
    }
    with_segment(jpeg, 0xE1, &[b"Exif\0\0".as_slice(), &tiff].concat())
}

fn chunk(kind: [u8; 4], content: &[u8]) -> Vec<u8> {
    let named = [kind.as_slice(), content].concat();
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    [&length[..], &named, &crc32fast::hash(&named).to_be_bytes()].concat()
}

/// `png` with one more chunk after its header.
pub(super) fn with_chunk(png: &[u8], kind: [u8; 4], content: &[u8]) -> Vec<u8> {
    [&png[..33], &chunk(kind, content), &png[33..]].concat()
}

/// A PNG that says it is of this size, with `data`, whatever that is.
pub(super) fn png_header(width: u32, height: u32, data: &[u8]) -> Vec<u8> {
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    let mark = b"\x89PNG\r\n\x1a\n".to_vec();
    [
        mark,
        chunk(*b"IHDR", &header),
        chunk(*b"IDAT", data),
        chunk(*b"IEND", b""),
    ]
    .concat()
}

/// `length` zeros, deflated to a thousandth.
pub(super) fn deflated_zeros(length: usize) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    let block = vec![0; 1 << 20];
    for _ in 0..length >> 20 {
        encoder.write_all(&block).unwrap();
    }
    encoder.finish().unwrap()
}

pub(super) fn gif_header(width: u16, height: u16) -> Vec<u8> {
    let (w, h) = (width.to_le_bytes(), height.to_le_bytes());
    let screen = [b"GIF89a".as_slice(), &w, &h, &[0x80, 0, 0], &[0; 6]].concat();
    let frame = [&[0x2C, 0, 0, 0, 0][..], &w, &h, &[0, 2, 2, 0x4C, 1, 0, 0x3B]].concat();
    [screen, frame].concat()
}

/// The beginning of a lossless WebP of this size.
pub(super) fn webp_header(width: u32, height: u32) -> Vec<u8> {
    let bits = ((width - 1) | ((height - 1) << 14)).to_le_bytes();
    let data = [&[0x2F][..], &bits, &[0; 27]].concat();
    let length = |n: usize| u32::try_from(n).unwrap().to_le_bytes();
    [
        b"RIFF".as_slice(),
        &length(12 + data.len()),
        b"WEBPVP8L",
        &length(data.len()),
        &data,
    ]
    .concat()
}

pub(super) fn jpeg_header(width: u16, height: u16) -> Vec<u8> {
    let mut jpeg = encoded(&DynamicImage::ImageRgb8(stripes(16, 16)), ImageFormat::Jpeg);
    let frame = jpeg.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    jpeg[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    jpeg[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    jpeg
}
