// How does the page write numbers and times?
const time = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const count = new Intl.NumberFormat('en');
const money = new Intl.NumberFormat('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const percent = new Intl.NumberFormat('en', {
  style: 'percent',
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
  signDisplay: 'exceptZero',
});

export const formatTime = (at: number): string => time.format(at);
export const formatCount = (value: number): string => count.format(value);
export const formatMoney = (value: number): string => money.format(value);
/** @param share 0.01 for one percent. */
export const formatChange = (share: number): string => percent.format(share);
