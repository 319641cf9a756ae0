//! Good pictures, bad ones and wicked ones. Each is made here, by hand where no encoder would.

mod samples;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use samples::*;

use super::*;

fn drawn(bytes: &[u8]) -> RgbaImage {
    let webp = redraw(bytes).unwrap();
    assert_eq!(image::guess_format(&webp).unwrap(), ImageFormat::WebP);
    image::load_from_memory(&webp).unwrap().to_rgba8()
}

/// Whether `haystack` holds `needle`.
fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// The most memory that this process had, in MB. Each test is a process of its own.
fn peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

#[test]
fn each_kind_becomes_a_small_square() {
    for format in [
        ImageFormat::Png,
        ImageFormat::Jpeg,
        ImageFormat::WebP,
        ImageFormat::Gif,
    ] {
        let picture = drawn(&encoded(&DynamicImage::ImageRgb8(stripes(800, 600)), format));
        assert_eq!(picture.dimensions(), (SIDE, SIDE), "{format:?}");
    }
}

#[test]
fn the_middle_is_what_stays_and_the_small_stays_small() {
    // Black with a white square in the middle: what is cut off is black alone.
    let mut picture = RgbImage::new(30, 10);
    for (x, _, pixel) in picture.enumerate_pixels_mut() {
        *pixel = if (10..20).contains(&x) {
            Rgb([255; 3])
        } else {
            Rgb([0; 3])
        };
    }
    let picture = drawn(&encoded(&DynamicImage::ImageRgb8(picture), ImageFormat::Png));
    assert_eq!(picture.dimensions(), (10, 10));
    assert!(picture.pixels().all(|pixel| *pixel == Rgba([255; 4])));
}

#[test]
fn what_is_clear_stays_clear() {
    let picture = RgbaImage::from_pixel(64, 64, Rgba([255, 0, 0, 0]));
    let picture = drawn(&encoded(&DynamicImage::ImageRgba8(picture), ImageFormat::Png));
    assert!(picture.pixels().all(|pixel| pixel.0[3] == 0));
}

#[test]
fn long_and_thin_pictures_do_not_grow_on_the_way() {
    for (width, height) in [(4096, 1), (1, 4096)] {
        let picture = drawn(&encoded(
            &DynamicImage::ImageRgb8(stripes(width, height)),
            ImageFormat::Png,
        ));
        assert_eq!(picture.dimensions(), (1, 1));
    }
    assert!(peak_mb() < 100, "{} MB", peak_mb());
}

#[test]
fn the_largest_picture_is_taken_and_the_next_is_not() {
    let flat = |side| DynamicImage::ImageRgba8(RgbaImage::from_pixel(side, 64, Rgba([1, 2, 3, 255])));
    assert!(redraw(&encoded(&flat(4096), ImageFormat::Png)).is_ok());
    assert_eq!(
        redraw(&encoded(&flat(4097), ImageFormat::Png)),
        Err(Refused::TooManyPixels)
    );
    let full = DynamicImage::ImageRgb8(RgbImage::from_pixel(4096, 4096, Rgb([9, 9, 9])));
    assert!(redraw(&encoded(&full, ImageFormat::Png)).is_ok());
}

#[test]
fn a_photo_loses_place_and_camera_and_stands_upright() {
    // Red at the left, blue at the right; the camera says that its left is up.
    let mut photo = RgbImage::new(80, 40);
    for (x, _, pixel) in photo.enumerate_pixels_mut() {
        *pixel = if x < 40 {
            Rgb([230, 0, 0])
        } else {
            Rgb([0, 0, 230])
        };
    }
    let jpeg = with_exif(&encoded(&DynamicImage::ImageRgb8(photo), ImageFormat::Jpeg), 6);
    assert!(holds(&jpeg, CAMERA) && holds(&jpeg, b"Exif"));
    let webp = redraw(&jpeg).unwrap();
    for trace in [CAMERA, b"Exif", b"EXIF", b"GPS", b"ICCP", b"XMP "] {
        assert!(!holds(&webp, trace), "{}", String::from_utf8_lossy(trace));
    }
    let picture = image::load_from_memory(&webp).unwrap().to_rgb8();
    let (top, bottom) = (picture.get_pixel(20, 3).0, picture.get_pixel(20, 36).0);
    assert!(top[0] > 180 && top[2] < 60, "{top:?}");
    assert!(bottom[2] > 180 && bottom[0] < 60, "{bottom:?}");
}

#[test]
fn only_the_first_picture_of_an_animation_is_shown() {
    let picture = drawn(&animation(&[Rgba([250, 0, 0, 255]), Rgba([0, 250, 0, 255])]));
    assert!(picture.pixels().all(|pixel| pixel.0[0] > 200 && pixel.0[1] < 50));
}

#[test]
fn what_is_hidden_beside_the_pixels_is_gone() {
    let png = encoded(&DynamicImage::ImageRgb8(stripes(64, 64)), ImageFormat::Png);
    let gif = encoded(&DynamicImage::ImageRgb8(stripes(64, 64)), ImageFormat::Gif);
    let payload = b"<script>alert('payload')</script>";
    let zip = [b"PK\x03\x04".as_slice(), payload, b"PK\x05\x06"].concat();
    for (what, bytes) in [
        ("behind a PNG", [png.as_slice(), &zip].concat()),
        (
            "in a chunk of a PNG",
            with_chunk(&png, *b"tEXt", &[b"Comment\0".as_slice(), payload].concat()),
        ),
        ("behind a GIF", [gif.as_slice(), payload].concat()),
        ("in a comment of a JPEG", {
            let jpeg = encoded(&DynamicImage::ImageRgb8(stripes(64, 64)), ImageFormat::Jpeg);
            with_segment(&jpeg, 0xFE, payload)
        }),
    ] {
        assert!(holds(&bytes, payload), "{what}");
        let webp = redraw(&bytes).unwrap_or_else(|refused| panic!("{what}: {refused}"));
        assert!(
            !holds(&webp, b"payload") && !holds(&webp, b"PK\x03\x04"),
            "{what}"
        );
    }
}

#[test]
fn what_only_begins_like_a_picture_is_refused() {
    let script = b"GIF89a/*\x00\x00\x00\x00\x00*/=1;alert('payload')//".as_slice();
    // Read as a picture, the opening of its comment is a width.
    assert_eq!(redraw(script), Err(Refused::TooManyPixels));
    let jpeg_only = [b"\xFF\xD8\xFF\xE0".as_slice(), b"<?php system('id'); ?>"].concat();
    assert_eq!(redraw(&jpeg_only), Err(Refused::Broken));
    assert_eq!(redraw(b"RIFF\x10\0\0\0WEBPjunkjunk"), Err(Refused::Broken));
}

#[test]
fn what_is_no_picture_is_refused_whatever_it_is_called() {
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>".as_slice();
    let bmp = encoded_as(&stripes(4, 4), b"BM");
    for bytes in [
        svg,
        b"",
        b"\0",
        b"<!doctype html><script>1</script>",
        b"%PDF-1.7",
        b"PK\x03\x04",
        &bmp,
    ] {
        assert_eq!(redraw(bytes), Err(Refused::Unknown), "{:?}", bytes.get(..4));
    }
}

#[test]
fn truncated_and_scrambled_pictures_are_refused_without_a_panic() {
    for format in [
        ImageFormat::Png,
        ImageFormat::WebP,
        ImageFormat::Gif,
        ImageFormat::Jpeg,
    ] {
        let whole = encoded(&DynamicImage::ImageRgb8(stripes(200, 120)), format);
        for part in [whole.len() / 8, whole.len() / 4] {
            let cut = redraw(&whole[..part]);
            // A JPEG that ends early still has its upper rows, which a decoder may show.
            assert!(
                cut == Err(Refused::Broken) || format == ImageFormat::Jpeg,
                "{format:?} {part}: {cut:?}"
            );
        }
        // Every byte once turned over: taken or refused, never more.
        for at in (0..whole.len()).step_by(whole.len() / 150 + 1) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0xFF;
            let _ = redraw(&bytes);
        }
    }
}

#[test]
fn bombs_do_not_go_off() {
    let long = deflated_zeros(128 << 20);
    for (what, bytes, expected) in [
        (
            "50 000 by 50 000 pixels",
            png_header(50_000, 50_000, &deflated_zeros(1 << 20)),
            Some(Refused::TooManyPixels),
        ),
        (
            "a line of 2³¹ pixels",
            png_header(0x7FFF_FFFF, 1, &deflated_zeros(1 << 20)),
            Some(Refused::TooManyPixels),
        ),
        (
            "a GIF of 65 535 by 65 535",
            gif_header(65_535, 65_535),
            Some(Refused::TooManyPixels),
        ),
        (
            "a WebP of 16 383 by 16 383",
            webp_header(16_383, 16_383),
            Some(Refused::TooManyPixels),
        ),
        (
            "a JPEG of 65 500 by 65 500",
            jpeg_header(65_500, 65_500),
            Some(Refused::TooManyPixels),
        ),
        // 128 MB of zeros behind one pixel, as data and as text.
        ("a long deflate stream", png_header(1, 1, &long), None),
        (
            "a compressed text",
            {
                let png = encoded(&DynamicImage::ImageRgb8(stripes(2, 2)), ImageFormat::Png);
                let text = [b"Comment\0\0".as_slice(), &long].concat();
                with_chunk(&png, *b"zTXt", &text)
            },
            None,
        ),
        (
            "a compressed colour profile",
            {
                let png = encoded(&DynamicImage::ImageRgb8(stripes(2, 2)), ImageFormat::Png);
                let profile = [b"icc\0\0".as_slice(), &long].concat();
                with_chunk(&png, *b"iCCP", &profile)
            },
            None,
        ),
    ] {
        assert!(bytes.len() < MAX_BYTES, "{what}");
        let drawn = redraw(&bytes);
        match expected {
            Some(refused) => assert_eq!(drawn, Err(refused), "{what}"),
            None => drop(drawn),
        }
        assert!(peak_mb() < 100, "{what}: {} MB", peak_mb());
    }
}

#[test]
fn too_many_bytes_are_not_looked_at() {
    let mut png = encoded(&DynamicImage::ImageRgb8(stripes(8, 8)), ImageFormat::Png);
    png.resize(MAX_BYTES + 1, 0);
    assert_eq!(redraw(&png), Err(Refused::TooManyBytes));
}
