/**
 * Words for the names of containers that got none: an adjective and the surname of someone who built, measured or
 * explained something.
 *
 * The shape `adjective_surname` is Docker's; the lists are our own.
 *
 * @module
 */

/** Adjectives. */
export const ADJECTIVES: readonly string[] = (
  "able amber ample apt arctic autumn avid azure balmy bold brave bright brisk calm candid careful cheerful civil " +
  "clear clever cobalt cool cosmic crisp curious daring deft dense devout dreamy dusty eager early earnest easy " +
  "electric elegant epic exact fair fancy fervent fine firm fleet fluent fond frank free fresh frosty gallant gentle " +
  "gifted glad golden grand great handy happy hardy hearty honest hopeful humble ideal jolly jovial joyful keen kind " +
  "late lavish lean light lively logical loyal lucid lucky lunar magic mellow merry mild mindful modest native neat " +
  "nimble noble novel open orderly patient placid plucky polite prime proud prudent quick quiet radiant rapid rare " +
  "ready regal rosy rustic sane serene sharp silent silver sincere sleek smart smooth snug solar solid sound spry " +
  "stable steady stellar sterling stoic strong subtle sunny sure sweet swift tacit tender thrifty tidy tranquil true " +
  "trusty upbeat valiant vast vigilant vital vivid warm wise witty zealous zen"
).split(" ");

/** Surnames. */
export const SURNAMES: readonly string[] = (
  "abel agnesi allen ampere archimedes babbage backus banach banneker bardeen bartik bassi becquerel bell berners " +
  "bernoulli bessel bhabha blackwell bohr boltzmann boole borg bose boyle braille bunsen burnell cannon cantor carnot " +
  "carson cauchy cavendish celsius chandra chatelet clarke codd copernicus coulomb cray curie dalton darwin davy " +
  "descartes diffie dijkstra dirac doppler easley eckert edison einstein elion engelbart erdos euclid euler faraday " +
  "fermat fermi feynman fibonacci floyd fourier franklin fresnel galileo galois gauss germain gibbs goedel goldberg " +
  "gosling haber hamilton hamming hawking heisenberg helmholtz hermann hertz herschel hilbert hoare hodgkin hopper " +
  "hubble huffman huygens hypatia jacquard jemison jennings johnson joule kahn kalman kapitsa kelvin kepler kernighan " +
  "khayyam khorana kirch knuth kolmogorov lagrange lalande lamarr lamport landau laplace leavitt leibniz linnaeus " +
  "liskov lorentz lovelace lumiere mach marconi maxwell mayer mccarthy mclean meitner mendel mendeleev mirzakhani " +
  "moore morse nash neumann newton nobel noether ohm pascal pasteur pauli pauling payne penrose perlman planck poincare " +
  "poisson ptolemy ramanujan raman ride riemann ritchie roentgen rubin sagan salk sammet shannon sinoussi snyder " +
  "somerville stallman stokes swartz tesla thompson torricelli turing vaughan volta wallace watt wilkes wing wirth " +
  "wozniak wright wu yalow yonath"
).split(" ");
