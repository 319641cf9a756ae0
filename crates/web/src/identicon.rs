//! Generated avatars: the picture of an account that chose none, drawn from its id alone.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// The picture's side, in its own units: a 5 by 5 grid of 12 with a margin of 10.
const SIDE: u32 = 80;
const CELL: u32 = 12;
const MARGIN: u32 = 10;

/// The SVG picture of `id`: a pattern mirrored left to right, in two shades of one hue on a pale ground of it.
/// The same id always gives the same picture; it is complete without scripts, styles or fonts.
pub fn identicon(id: &str) -> String {
    let digest: [u8; 32] = Sha256::digest(id.as_bytes()).into();
    let [h1, h2, shift, pattern @ ..] = digest;
    let hue = u32::from(u16::from_be_bytes([h1, h2])) % 360;
    let second = (hue + 20 + u32::from(shift) % 50) % 360;

    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIDE} {SIDE}"><rect width="{SIDE}" height="{SIDE}" fill="hsl({hue} 45% 92%)"/>"#
    );
    for (place, byte) in (0u32..15).zip(pattern) {
        let (column, row) = (place / 5, place % 5);
        // Seven cells of twelve are drawn; the middle column a little more often, so that the figure has a spine.
        if byte % 12 >= if column == 2 { 8 } else { 7 } {
            continue;
        }
        let fill = if byte & 0x40 == 0 {
            format!("hsl({hue} 55% 44%)")
        } else {
            format!("hsl({second} 60% 56%)")
        };
        cell(&mut svg, column, row, byte, &fill);
        if column < 2 {
            cell(&mut svg, 4 - column, row, byte, &fill);
        }
    }
    svg.push_str("</svg>");
    svg
}

/// One cell: mostly a square, sometimes a disc.
fn cell(svg: &mut String, column: u32, row: u32, byte: u8, fill: &str) {
    let (x, y) = (MARGIN + column * CELL, MARGIN + row * CELL);
    // Writing to a String cannot fail.
    let _ = if byte & 0x80 == 0 || byte & 0x20 == 0 {
        write!(
            svg,
            r#"<rect x="{x}" y="{y}" width="{CELL}" height="{CELL}" rx="1.5" fill="{fill}"/>"#
        )
    } else {
        let half = CELL / 2;
        write!(
            svg,
            r#"<circle cx="{}" cy="{}" r="{half}" fill="{fill}"/>"#,
            x + half,
            y + half
        )
    };
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_same_id_gives_the_same_picture_and_others_differ() {
        assert_eq!(identicon("u_c0ffee"), identicon("u_c0ffee"));
        let pictures: HashSet<_> = (0..500).map(|n| identicon(&format!("u_{n:020}"))).collect();
        assert_eq!(pictures.len(), 500);
    }

    #[test]
    fn it_is_never_empty_and_holds_nothing_of_the_id() {
        for n in 0..500 {
            let picture = identicon(&format!("u_<script>{n}"));
            assert!(picture.matches("fill=").count() > 4, "{picture}");
            assert!(!picture.contains("script") && !picture.contains("style"));
        }
    }
}
