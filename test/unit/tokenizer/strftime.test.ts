import { expect, test } from 'vitest';
import { strftime } from '../../../src/tokenizer/strftime';

const date = new Date(2024, 1, 9, 0, 5, 7);

test.each([
  ['%d %B %Y', '09 February 2024'],
  ['%d %b %Y', '09 Feb 2024'],
  ['%Y-%m-%d', '2024-02-09'],
  ['%F %T', '2024-02-09 00:05:07'],
  ['%A %a %e', 'Friday Fri  9'],
  ['%I:%M %p', '12:05 AM'],
  ['%j %y', '040 24'],
  ['%-d/%-m %-H', '9/2 0'],
  ['100%% %Q', '100% %Q'],
])('%s', (format, text) => expect(strftime(date, format)).toBe(text));

test('the last day of a leap year', () => expect(strftime(new Date(2024, 11, 31), '%j')).toBe('366'));
test('the afternoon', () => expect(strftime(new Date(2024, 0, 1, 13), '%I %p')).toBe('01 PM'));
