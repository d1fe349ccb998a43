//! Draws the numbers of elements into a picture of their page.

use crate::page::Rect;

/// Rows of the digits 0 to 9, five dots each, the left one first.
const DIGITS: [[u8; 7]; 10] = [
    [14, 17, 19, 21, 25, 17, 14],
    [4, 12, 4, 4, 4, 4, 14],
    [14, 17, 1, 2, 4, 8, 31],
    [31, 2, 4, 2, 1, 17, 14],
    [2, 6, 10, 18, 31, 2, 2],
    [31, 16, 30, 1, 1, 17, 14],
    [6, 8, 16, 30, 17, 17, 14],
    [31, 1, 2, 4, 8, 8, 8],
    [14, 17, 17, 14, 17, 17, 14],
    [14, 17, 17, 15, 1, 2, 12],
];
const DIGIT_WIDTH: i64 = 6;
const LABEL_HEIGHT: i64 = 9;
/// Most bytes of a picture in memory.
const MAX_BYTES: usize = 64 * 1024 * 1024;
/// Colors that stand out from most pages and from each other.
const COLORS: [[u8; 3]; 6] =
    [[190, 24, 60], [29, 78, 216], [4, 108, 78], [126, 34, 206], [154, 52, 18], [14, 100, 120]];

struct Canvas {
    width: i64,
    height: i64,
    channels: usize,
    pixels: Vec<u8>,
}

/// Returns the picture with a frame and a number around each element; `None` if it cannot be read.
pub(crate) fn draw(png: &[u8], marks: &[(u32, Rect)]) -> Option<Vec<u8>> {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(png));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().ok()?;
    let size = reader.output_buffer_size().filter(|size| *size <= MAX_BYTES)?;
    let mut pixels = vec![0; size];
    let info = reader.next_frame(&mut pixels).ok()?;
    let channels = match info.color_type {
        png::ColorType::Rgb => 3,
        png::ColorType::Rgba => 4,
        png::ColorType::Grayscale | png::ColorType::GrayscaleAlpha | png::ColorType::Indexed => {
            return None;
        }
    };
    let (width, height) = (i64::from(info.width), i64::from(info.height));
    let mut canvas = Canvas { width, height, channels, pixels };
    for (number, rect) in marks {
        let color = COLORS[*number as usize % COLORS.len()];
        canvas.mark(*number, *rect, color);
    }
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, info.width, info.height);
    encoder.set_color(info.color_type);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(&canvas.pixels).ok()?;
    writer.finish().ok()?;
    Some(out)
}

impl Canvas {
    fn mark(&mut self, number: u32, rect: Rect, color: [u8; 3]) {
        #[allow(
            clippy::cast_possible_truncation,
            reason = "coordinates in a picture; it saturates"
        )]
        let [left, top, right, bottom] =
            [rect.x, rect.y, rect.x + rect.width, rect.y + rect.height].map(|at| at.round() as i64);
        let (right, bottom) = (right.min(self.width), bottom.min(self.height));
        for x in left..right {
            self.dot(x, top, color);
            self.dot(x, bottom - 1, color);
        }
        for y in top..bottom {
            self.dot(left, y, color);
            self.dot(right - 1, y, color);
        }
        let digits: Vec<u8> = number.to_string().bytes().map(|digit| digit - b'0').collect();
        let label = i64::try_from(digits.len()).unwrap_or(0) * DIGIT_WIDTH + 1;
        // The label is inside of the upper right corner, where it hides least.
        let (x, y) = ((right - label).max(0), top.clamp(0, (self.height - LABEL_HEIGHT).max(0)));
        for dy in 0..LABEL_HEIGHT {
            for dx in 0..label {
                self.dot(x + dx, y + dy, color);
            }
        }
        for (at, digit) in (0..).zip(&digits) {
            for (dy, row) in (0..).zip(DIGITS[usize::from(*digit)]) {
                for dx in 0..5 {
                    if row & (16 >> dx) != 0 {
                        self.dot(x + 1 + at * DIGIT_WIDTH + dx, y + 1 + dy, [255; 3]);
                    }
                }
            }
        }
    }

    fn dot(&mut self, x: i64, y: i64, color: [u8; 3]) {
        if !(0..self.width).contains(&x) || !(0..self.height).contains(&y) {
            return;
        }
        let Ok(at) = usize::try_from(y * self.width + x) else { return };
        let at = at * self.channels;
        if let Some(pixel) = self.pixels.get_mut(at..at + 3) {
            pixel.copy_from_slice(&color);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn white(width: u32, height: u32) -> Vec<u8> {
        let mut out = Vec::new();
        let mut encoder = png::Encoder::new(&mut out, width, height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&vec![255; (width * height * 3) as usize]).unwrap();
        writer.finish().unwrap();
        out
    }

    fn pixels(png: &[u8]) -> Vec<u8> {
        let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        pixels
    }

    #[test]
    fn a_mark_is_a_frame_and_a_number() {
        let rect = Rect { x: 2.0, y: 3.0, width: 30.0, height: 20.0 };
        let drawn = pixels(&draw(&white(50, 40), &[(7, rect)]).unwrap());
        let at = |x: usize, y: usize| &drawn[(y * 50 + x) * 3..][..3];
        let color = COLORS[1];
        assert_eq!((at(2, 3), at(2, 22), at(31, 22)), (&color[..], &color[..], &color[..]));
        assert_eq!(
            (at(1, 3), at(15, 12), at(40, 30)),
            (&[255; 3][..], &[255; 3][..], &[255; 3][..])
        );
        // The upper stroke of the seven.
        assert_eq!((at(26, 4), at(30, 4), at(25, 4)), (&[255; 3][..], &[255; 3][..], &color[..]));
    }

    #[test]
    fn marks_beyond_the_edge_are_cut() {
        let rect = Rect { x: -10.0, y: -10.0, width: 1e9, height: 1e9 };
        assert!(draw(&white(20, 20), &[(123_456, rect)]).is_some());
        assert!(draw(b"not a picture", &[]).is_none());
    }
}
